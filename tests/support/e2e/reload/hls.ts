import { expect } from "bun:test";
import { WAIT_LIMIT_MS } from "../../limits.ts";
import type { Client } from "../client.ts";
import type { Stage } from "../stage.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer, sendGop } from "./server.ts";

const hls = (...keys: readonly string[]) =>
  ["[http_server]", 'listen = "127.0.0.1:0"', "[vhost.__defaultVhost__.hls]", "hls_fragment = 1", ...keys].join("\n");

const ON = "enabled = true";

/** A server with HLS, and a publisher of a stream with a key frame each second. */
class HlsServer {
  readonly server: ReloadServer;
  readonly publisher: Client;
  #number = 0;

  private constructor(server: ReloadServer, publisher: Client) {
    this.server = server;
    this.publisher = publisher;
  }

  static async start(stage: Stage, ...keys: readonly string[]): Promise<HlsServer> {
    const server = await ReloadServer.start(stage, hls(...keys));
    return new HlsServer(server, await server.publish());
  }

  /** So many seconds of the stream, at once. */
  send(seconds: number): void {
    for (let second = 0; second < seconds; second++, this.#number += 25) sendGop(this.publisher, this.#number, 25);
  }

  async get(): Promise<{ status: number; text: string }> {
    const line = await this.server.program.line(/ listening .*http=\S*:(\d+)/);
    const [, port] = /http=\S*:(\d+)/.exec(line) ?? [];
    const answer = await fetch(`http://127.0.0.1:${port}/live/show.m3u8`);
    return { status: answer.status, text: await answer.text() };
  }

  /** Waits for an answer that is as it is meant to be. */
  async answer(what: string, is: (answer: { status: number; text: string }) => boolean): Promise<void> {
    const deadline = performance.now() + WAIT_LIMIT_MS;
    for (let last = await this.get(); !is(last); last = await this.get()) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}\n${last.status} ${last.text}`);
      await Bun.sleep(20);
    }
  }
}

/** The effects of the keys of HLS. */
export const hlsEffects: Readonly<Record<string, Effect>> = {
  async "vhost.NAME.hls.enabled"(stage) {
    const stream = await HlsServer.start(stage);
    stream.send(1);
    await stream.answer("there is no playlist", ({ status }) => status === 406);
    await stream.server.reload(hls(ON));
    stream.send(4);
    await stream.answer("there is a playlist", ({ status }) => status === 200);
  },

  async "vhost.NAME.hls.hls_window"(stage) {
    const stream = await HlsServer.start(stage, ON, "hls_window = 20", "hls_ctx = false");
    stream.send(25);
    const listed = (text: string) => text.split("#EXTINF").length - 1;
    await stream.answer("20 segments are listed", ({ text }) => listed(text) === 20);
    await stream.server.reload(hls(ON, "hls_window = 10", "hls_ctx = false"));
    stream.send(1);
    await stream.answer("10 segments are listed", ({ text }) => listed(text) === 10);
  },

  async "vhost.NAME.hls.hls_dispose"(stage) {
    const stream = await HlsServer.start(stage, ON, "hls_dispose = 0");
    stream.send(4);
    await stream.answer("there is a playlist", ({ status }) => status === 200);
    stream.publisher.abort();
    await stream.server.program.line(/publish ended/);
    const still = await stream.get();
    expect([still.status, still.text.slice(0, 7)]).toEqual([200, "#EXTM3U"]);
    await stream.server.reload(hls(ON, "hls_dispose = 1"));
    await stream.answer("the playlist is gone", ({ status }) => status === 410);
  },

  async "vhost.NAME.hls.hls_ctx"(stage) {
    const stream = await HlsServer.start(stage, ON);
    stream.send(4);
    await stream.answer("viewers have sessions", ({ text }) => text.includes("hls_ctx="));
    await stream.server.reload(hls(ON, "hls_ctx = false"));
    await stream.answer("viewers have none", ({ text }) => text.includes("#EXTINF"));
  },

  async "vhost.NAME.hls.hls_entry_prefix"(stage) {
    const stream = await HlsServer.start(stage, ON, "hls_ctx = false");
    stream.send(4);
    await stream.answer("segments are here", ({ text }) => /^show\//m.test(text));
    await stream.server.reload(hls(ON, "hls_ctx = false", 'hls_entry_prefix = "http://cdn"'));
    await stream.answer("segments are elsewhere", ({ text }) => /^http:\/\/cdn\/live\/show\//m.test(text));
  },

  async "vhost.NAME.hls.hls_keys"(stage) {
    const stream = await HlsServer.start(stage, ON, "hls_ctx = false");
    stream.send(4);
    await stream.answer("segments are in the clear", ({ text }) => text.includes("#EXTINF") && !text.includes("AES"));
    await stream.server.reload(hls(ON, "hls_ctx = false", "hls_keys = true"));
    stream.send(2);
    await stream.answer("segments are encrypted", ({ text }) => text.includes("METHOD=AES-128"));
  },

  async "vhost.NAME.hls.hls_fragments_per_key"(stage) {
    const keys = [ON, "hls_ctx = false", "hls_keys = true", "hls_window = 8"];
    const stream = await HlsServer.start(stage, ...keys, "hls_fragments_per_key = 10000");
    const count = (text: string) => text.split("METHOD=AES-128").length - 1;
    stream.send(12);
    await stream.answer("they have one key", ({ text }) => [1, 2].includes(count(text)));
    await stream.server.reload(hls(...keys, "hls_fragments_per_key = 1"));
    stream.send(12);
    await stream.answer("each has a key", ({ text }) => count(text) >= 6);
  },

  async "vhost.NAME.hls.hls_key_url"(stage) {
    const keys = [ON, "hls_ctx = false", "hls_keys = true"];
    const stream = await HlsServer.start(stage, ...keys);
    stream.send(4);
    await stream.answer("keys are here", ({ text }) => text.includes('URI="show/'));
    await stream.server.reload(hls(...keys, 'hls_key_url = "http://keys"'));
    await stream.answer("keys are elsewhere", ({ text }) => text.includes('URI="http://keys/live/show-'));
  },

  async "vhost.NAME.hls.hls_variants"(stage) {
    const stream = await HlsServer.start(stage, ON);
    stream.send(4);
    await stream.answer("it is alone", ({ text }) => text.includes("hls_ctx=") && !text.includes("hls_variant"));
    await stream.server.reload(hls(ON, 'hls_variants = "_hd"'));
    await stream.answer("it may have variants", ({ text }) => text.includes("hls_variant="));
  },
};
