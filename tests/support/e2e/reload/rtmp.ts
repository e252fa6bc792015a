import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { picture, ReloadServer, sendGop } from "./server.ts";

const PICTURE_BYTES = 50_000;

/** Whether a new player gets pictures in small chunks, by what comes besides the picture itself. */
async function getsSmallChunks(server: ReloadServer, name: string): Promise<boolean> {
  const [publisher, player] = [await server.publish(name), await server.play(name)];
  sendGop(publisher, 1, 1, 0);
  await picture(player, 1);
  const before = player.bytes;
  sendGop(publisher, 2, 1, 40, PICTURE_BYTES);
  await picture(player, 2);
  return player.bytes - before - PICTURE_BYTES > PICTURE_BYTES / 200;
}

function chunkSizeEffect(toml: (size: number) => string): Effect {
  return async (stage) => {
    const server = await ReloadServer.start(stage, toml(60_000));
    const old = await server.play("old");
    expect(await getsSmallChunks(server, "one")).toBe(false);
    await server.reload(toml(128));
    expect(await getsSmallChunks(server, "two")).toBe(true);
    // One that was there goes on with its own.
    sendGop(await server.publish("old"), 3, 1, 0, PICTURE_BYTES);
    await picture(old, 3);
  };
}

const timeouts = (first: number, normal: number) =>
  `[vhost.__defaultVhost__.publish]\nfirstpkt_timeout = ${first}\nnormal_timeout = ${normal}`;
const LONG = 86_400_000;

/** The effects of the keys that RTMP connections and the log go by. */
export const rtmpEffects: Readonly<Record<string, Effect>> = {
  async listen(stage) {
    const server = await ReloadServer.start(stage, 'listen = "127.0.0.1:0"');
    await server.reload('listen = ["127.0.0.1:0", "127.0.0.1:0"]');
    const [first = 0, second = 0] = await until("two ports", () => server.ports.length === 2 && server.ports);
    expect([await server.isRefused(first), await server.isRefused(second)]).toEqual([false, false]);
    const player = await server.play();
    await server.reload('listen = ["127.0.0.1:0"]');
    expect((await Promise.all([first, second].map((port) => server.isRefused(port)))).toSorted()).toEqual([
      false,
      true,
    ]);
    await server.reload(`listen = "127.0.0.1:${first}"\nmax_connections = 7`);
    expect([await server.isRefused(first), player.closed]).toEqual([false, false]);
  },

  async max_connections(stage) {
    const server = await ReloadServer.start(stage, "max_connections = 2");
    const players = [await server.play(), await server.play()];
    expect(await server.isRefused()).toBe(true);
    await server.reload("max_connections = 3");
    expect(await server.isRefused()).toBe(false);
    await server.reload("max_connections = 1");
    expect(await server.isRefused()).toBe(true);
    expect(players.map(({ closed }) => closed)).toEqual([false, false]);
  },

  async drain_timeout(stage) {
    const server = await ReloadServer.start(stage, "drain_timeout = 3600");
    const player = await server.play();
    await server.reload("drain_timeout = 1");
    server.program.signal("SIGQUIT");
    await player.end();
    expect(await server.program.ended()).toBe(0);
  },

  chunk_size: chunkSizeEffect((size) => `chunk_size = ${size}`),
  "vhost.NAME.chunk_size": chunkSizeEffect((size) => `[vhost.__defaultVhost__]\nchunk_size = ${size}`),

  async "log.level"(stage) {
    const server = await ReloadServer.start(stage, "");
    await server.play();
    await server.reload('[log]\nlevel = "debug"');
    expect(server.program.count(/DEBUG/)).toBe(0);
    await server.play();
    await server.program.line(/DEBUG \[c\d+\] accepted/);
  },

  async "log.format"(stage) {
    const server = await ReloadServer.start(stage, '[log]\nformat = "text"');
    await server.reload('[log]\nformat = "json"');
    await server.play();
    await server.program.line(/^\{.*"msg":"play started"/);
  },

  async "log.file"(stage) {
    const server = await ReloadServer.start(stage, "");
    const path = stage.path("server.log");
    await server.reload(`[log]\nfile = ${JSON.stringify(path)}`);
    await server.play();
    await until("the file has it", () => existsSync(path) && readFileSync(path, "utf8").includes("play started"));
    expect(server.program.count(/play started/)).toBe(0);
  },

  async "vhost.NAME.enabled"(stage) {
    const server = await ReloadServer.start(stage, "");
    const [publisher, player] = [await server.publish(), await server.play()];
    await server.reload("[vhost.__defaultVhost__]\nenabled = false");
    for (const client of [publisher, player]) {
      await client.status("NetConnection.Connect.AppShutdown");
      await client.end();
    }
    expect(player.statuses.join()).toInclude("NetStream.Play.UnpublishNotify");
    await expect(server.play()).rejects.toThrow(/vhost .* is switched off/);
    await server.reload("[vhost.__defaultVhost__]\nenabled = true");
    await server.play();
  },

  async "vhost.NAME.publish.firstpkt_timeout"(stage) {
    const server = await ReloadServer.start(stage, timeouts(LONG, LONG));
    const publisher = await server.publish();
    await server.reload(timeouts(1, LONG));
    await publisher.end();
    await server.program.line(/publisher is silent.*firstpkt_timeout/);
  },

  async "vhost.NAME.publish.normal_timeout"(stage) {
    const server = await ReloadServer.start(stage, timeouts(LONG, LONG));
    const publisher = await server.publish();
    sendGop(publisher, 1, 1);
    await server.reload(timeouts(LONG, 1));
    await publisher.end();
    await server.program.line(/publisher is silent.*normal_timeout/);
  },

  async "vhost.NAME.publish.on_conflict"(stage) {
    const table = (onConflict: string) => `${timeouts(LONG, LONG)}\non_conflict = "${onConflict}"`;
    const server = await ReloadServer.start(stage, table("reject"));
    const first = await server.publish();
    await expect(server.publish()).rejects.toThrow(/BadName/);
    await server.reload(table("standby"));
    expect((await server.publish()).closed).toBe(false);
    await server.reload(table("replace"));
    await server.publish();
    await first.status("NetStream.Publish.BadName");
  },

  async "vhost.NAME.publish.switch_after"(stage) {
    const after = (ms: number) => `${timeouts(LONG, LONG)}\non_conflict = "standby"\nswitch_after = ${ms}`;
    const server = await ReloadServer.start(stage, after(LONG));
    sendGop(await server.publish(), 1, 1);
    const second = await server.publish();
    await server.reload(after(100));
    let number = 100;
    await until("it is switched to the other", () => {
      sendGop(second, number++, 1);
      return server.program.count(/source switched .*why=stalled/) === 1;
    });
  },

  async "vhost.NAME.publish.prefer"(stage) {
    const prefer = (...texts: string[]) =>
      `[vhost.__defaultVhost__.publish]\non_conflict = "standby"\nprefer = ${JSON.stringify(texts)}`;
    const server = await ReloadServer.start(stage, prefer());
    const both = [await server.publish(), await server.publish("show?role=primary")];
    await server.reload(prefer("?role=primary"));
    const start = performance.now();
    await until("it is switched to the other", () => {
      const time = Math.round(performance.now() - start);
      for (const publisher of both) sendGop(publisher, time, 1, time);
      return server.program.count(/source switched .*why=preferred/) === 1;
    });
  },

  async "vhost.NAME.publish.grace"(stage) {
    const grace = (seconds: number) => `[vhost.__defaultVhost__.publish]\ngrace = ${seconds}`;
    const server = await ReloadServer.start(stage, grace(3600));
    const [publisher, player] = [await server.publish(), await server.play()];
    sendGop(publisher, 1, 1);
    await server.reload(grace(0));
    publisher.abort();
    await player.status("NetStream.Play.UnpublishNotify");
  },
};
