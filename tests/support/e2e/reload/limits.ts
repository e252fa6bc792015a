import { expect } from "bun:test";
import { httpPort } from "../raw-http.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer } from "./server.ts";

const limits = (toml: string) => `[limits]\n${toml}`;
const ofVhost = (toml: string) => `[vhost.__defaultVhost__.limits]\n${toml}`;
const PACKET = new Uint8Array(50_000);

/** Sends 400 kbit at once. */
async function flood(server: ReloadServer, name: string) {
  const publisher = await server.publish(name);
  publisher.send(8, 0, PACKET);
  return publisher;
}

/** The effects of the keys that bound what clients cost. */
export const limitEffects: Readonly<Record<string, Effect>> = {
  async "limits.max_connections_per_address"(stage) {
    const server = await ReloadServer.start(stage, limits("max_connections_per_address = 1"));
    await server.play();
    expect(await server.isRefused()).toBe(true);
    await server.reload(limits("max_connections_per_address = 2"));
    expect(await server.isRefused()).toBe(false);
  },

  async "limits.max_connects_per_minute"(stage) {
    const server = await ReloadServer.start(stage, limits("max_connects_per_minute = 1"));
    expect([await server.isRefused(), await server.isRefused()]).toEqual([false, true]);
    await server.reload(limits("max_connects_per_minute = 100"));
    expect(await server.isRefused()).toBe(false);
  },

  async "limits.max_requests_per_minute"(stage) {
    const listen = '[http_server]\nlisten = "127.0.0.1:0"\n';
    const server = await ReloadServer.start(stage, listen + limits("max_requests_per_minute = 1"));
    const url = `http://127.0.0.1:${await httpPort(server.program)}/healthz`;
    expect([(await fetch(url)).status, (await fetch(url)).status]).toEqual([200, 429]);
    await server.reload(listen + limits("max_requests_per_minute = 100"));
    expect((await fetch(url)).status).toBe(200);
  },

  async "limits.exempt"(stage) {
    const server = await ReloadServer.start(stage, limits("max_connects_per_minute = 1"));
    expect([await server.isRefused(), await server.isRefused()]).toEqual([false, true]);
    await server.reload(limits('max_connects_per_minute = 1\nexempt = "127.0.0.0/8"'));
    expect(await server.isRefused()).toBe(false);
  },

  async "limits.handshake_timeout"(stage) {
    const server = await ReloadServer.start(stage, "");
    const closed = Promise.withResolvers<void>();
    const socket = { data: () => undefined, close: () => closed.resolve() };
    await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket });
    await server.reload(limits("handshake_timeout = 1000"));
    await closed.promise;
    await server.program.line(/connection closed .*"no RTMP connect in time"/);
  },

  async "limits.idle_timeout"(stage) {
    const server = await ReloadServer.start(stage, "");
    const player = await server.play();
    const id = player.statuses.length;
    player.say(0, "deleteStream", null, 1);
    await server.reload(limits("idle_timeout = 1000"));
    await player.status("NetConnection.Connect.IdleTimeOut", id);
    await player.end();
  },

  async "limits.input_memory"(stage) {
    const server = await ReloadServer.start(stage, "");
    const publisher = await server.publish("show");
    publisher.send(9, 0, new Uint8Array(10_000_000), 1, true);
    await server.reload(limits("input_memory = 4194304"));
    await server.program.line(/connection closed .*more than input_memory, 4194304/);
    await publisher.end();
  },

  async "vhost.NAME.limits.max_players"(stage) {
    const server = await ReloadServer.start(stage, ofVhost("max_players = 1"));
    await server.play();
    await expect(server.play()).rejects.toThrow("players of /live/show: 1, allowed: 1");
    await server.reload(ofVhost("max_players = 2"));
    await server.play();
  },

  async "vhost.NAME.limits.max_streams"(stage) {
    const server = await ReloadServer.start(stage, ofVhost("max_streams = 1"));
    await server.publish("one");
    await expect(server.publish("two")).rejects.toThrow("streams of this vhost that are published: 1, allowed: 1");
    await server.reload(ofVhost("max_streams = 2"));
    await server.publish("two");
  },

  async "vhost.NAME.limits.max_publish_kbps"(stage) {
    const server = await ReloadServer.start(stage, "");
    const publisher = await flood(server, "one");
    await server.reload(ofVhost("max_publish_kbps = 20"));
    expect(await publisher.status("NetStream.Publish.Denied")).toInclude("40 kbit/s over ten seconds, 20 allowed");
    await publisher.end();
  },

  async "vhost.NAME.limits.on_excess"(stage) {
    const server = await ReloadServer.start(stage, ofVhost('max_publish_kbps = 20\non_excess = "warn"'));
    const warned = await flood(server, "one");
    await server.program.line(/publisher sends too much addr/);
    await server.reload(ofVhost("max_publish_kbps = 20"));
    const closed = await flood(server, "two");
    await closed.status("NetStream.Publish.Denied");
    await until("only one is closed", () => closed.closed && !warned.closed);
  },
};
