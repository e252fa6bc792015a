import { expect } from "bun:test";
import { WAIT_LIMIT_MS } from "../../limits.ts";
import type { Stage } from "../stage.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { picture, ReloadServer, sendGop } from "./server.ts";

/** An edge of these origins. They may be silent for as long as the test likes, unless its keys have a limit of their own. */
const edgeOf = (origins: readonly { readonly port: number }[], ...keys: readonly string[]) =>
  [
    "[vhost.__defaultVhost__.edge]",
    `origin = ${JSON.stringify(origins.map(({ port }) => `127.0.0.1:${port}`))}`,
    ...(keys.some((key) => key.startsWith("read_timeout")) ? [] : ["read_timeout = 600000"]),
    ...keys,
  ].join("\n");

async function origins(stage: Stage): Promise<readonly [ReloadServer, ReloadServer]> {
  return [await ReloadServer.start(stage, "", "a"), await ReloadServer.start(stage, "", "b")];
}

/** Streams that were asked for at a server, one after another. */
const plays = ({ program }: ReloadServer) => program.count(/play started/);

/** Waits until so many streams were asked for at each server: a log line may come after the picture. */
function asked(servers: readonly ReloadServer[], counts: readonly number[]): Promise<unknown> {
  const found = () => servers.map(plays).join();
  return until(`the origins are asked for ${counts} streams`, () => found() === counts.join(), WAIT_LIMIT_MS, found);
}

/** A server that takes connections and says nothing. */
function mute(stage: Stage): { readonly port: number; connections: number } {
  const state = { port: 0, connections: 0 };
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: () => void state.connections++, close: () => void state.connections--, data() {} },
  });
  stage.defer(() => listener.stop(true));
  state.port = listener.port;
  return state;
}

/** The effects of the keys that edges go by. */
export const edgeEffects: Readonly<Record<string, Effect>> = {
  async "vhost.NAME.edge.origin"(stage) {
    const [a, b] = await origins(stage);
    const edge = await ReloadServer.start(stage, "", "edge");
    const [one, two] = [await a.publish(), await b.publish("other")];
    sendGop(one, 1, 3);
    sendGop(two, 2, 3);
    const player = await edge.play();
    await edge.reload(edgeOf([a]));
    await picture(player, 1);
    await edge.reload(edgeOf([a, b]));
    await picture(await edge.play("other"), 2);
    // What runs from an origin that is still listed was left alone.
    expect(plays(a)).toBeLessThanOrEqual(2);
    await edge.reload(edgeOf([b]));
    await a.program.line(/play ended/);
    expect(player.closed).toBe(false);
  },

  async "vhost.NAME.edge.choice"(stage) {
    const [a, b] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a, b], 'choice = "order"'), "edge");
    for (const origin of [a, b]) for (const name of ["s0", "s1", "s2", "s3"]) sendGop(await origin.publish(name), 1, 3);
    for (const name of ["s0", "s1"]) await picture(await edge.play(name), 1);
    await asked([a, b], [2, 0]);
    await edge.reload(edgeOf([a, b], 'choice = "round_robin"'));
    for (const name of ["s2", "s3"]) await picture(await edge.play(name), 1);
    await asked([a, b], [3, 1]);
  },

  async "vhost.NAME.edge.vhost"(stage) {
    const [a] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a]), "edge");
    await edge.play("one");
    await a.program.line(/connected .*url=rtmp:\/\/127\.0\.0\.1:\d+\/live/);
    await edge.reload(edgeOf([a], 'vhost = "[vhost].up"'));
    await edge.play("two");
    await a.program.line(/connected .*url=rtmp:\/\/__defaultVhost__\.up:\d+\/live/);
  },

  async "vhost.NAME.edge.linger"(stage) {
    const [a] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a], "linger = 86400"), "edge");
    sendGop(await a.publish(), 1, 3);
    const first = await edge.play();
    await picture(first, 1);
    first.abort();
    await edge.program.line(/play ended/);
    const second = await edge.play();
    await picture(second, 1);
    await asked([a], [1]);
    await edge.reload(edgeOf([a], "linger = 0"));
    second.abort();
    await a.program.line(/play ended/);
  },

  async "vhost.NAME.edge.read_timeout"(stage) {
    const [a] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a], "read_timeout = 600000"), "edge");
    await edge.reload(edgeOf([a], "read_timeout = 500"));
    sendGop(await a.publish(), 1, 3);
    await edge.play();
    await edge.program.line(/pull lost .*error="?no media for 0\.5 s/);
  },

  async "vhost.NAME.edge.wait"(stage) {
    const [a] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a], "wait = 0"), "edge");
    const waiting = await edge.play();
    await edge.reload(edgeOf([a], "wait = 1"));
    const player = await edge.play("other");
    await player.status("NetStream.Play.StreamNotFound");
    await player.end();
    expect(waiting.closed).toBe(false);
  },

  async "vhost.NAME.edge.missing_ttl"(stage) {
    const [a] = await origins(stage);
    // Only an answer that comes within `wait` is remembered.
    const keys = ["wait = 6", "read_timeout = 1500"];
    const ask = async (edge: ReloadServer, name: string) => (await edge.play(name)).end();
    const edge = await ReloadServer.start(stage, edgeOf([a], ...keys, "missing_ttl = 3600"), "edge");
    const remembered = async (name: string) => {
      await ask(edge, name);
      return edge.play(name).then(
        () => false,
        (error: unknown) => /no origin has/.test(String(error)),
      );
    };
    // An origin may take longer to answer than the viewer waits.
    await until("a missing stream is remembered", () => remembered("one"));
    const before = plays(a);
    await edge.reload(edgeOf([a], ...keys, "missing_ttl = 0"));
    await ask(edge, "two");
    await edge.play("two");
    await asked([a], [before + 2]);
  },

  async "vhost.NAME.edge.redundancy"(stage) {
    const [a, b] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a, b], "redundancy = 1"), "edge");
    for (const origin of [a, b]) sendGop(await origin.publish(), 1, 3);
    await picture(await edge.play(), 1);
    await asked([a, b], [1, 0]);
    await edge.reload(edgeOf([a, b], "redundancy = 2"));
    await asked([a, b], [1, 1]);
  },

  async "vhost.NAME.edge.probe"(stage) {
    const [a, b] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a, b], "probe = false"), "edge");
    await edge.play();
    await a.program.line(/play started/);
    await b.program.kill();
    await edge.reload(edgeOf([a, b], "probe = true"));
    await edge.program.line(/origin dead/);
  },

  async "vhost.NAME.edge.publish"(stage) {
    const [a] = await origins(stage);
    const edge = await ReloadServer.start(stage, edgeOf([a], "publish = false"), "edge");
    await expect(edge.publish("one")).rejects.toThrow("this edge accepts no publishers");
    await edge.reload(edgeOf([a], "publish = true"));
    const publisher = await edge.publish("two");
    await a.program.line(/publish started .*two/);
    await edge.reload(edgeOf([a], "publish = false"));
    await expect(edge.publish("three")).rejects.toThrow("this edge accepts no publishers");
    expect(publisher.closed).toBe(false);
  },

  async "vhost.NAME.edge.token_traverse"(stage) {
    const a = await ReloadServer.start(stage, "", "a");
    const edge = await ReloadServer.start(stage, edgeOf([a], "token_traverse = false"), "edge");
    const before = await edge.play();
    await a.program.line(/play started/);
    await a.reload('[vhost.__defaultVhost__.security]\ndeny = "all"');
    await edge.reload(edgeOf([a], "token_traverse = true"));
    await expect(edge.play("other")).rejects.toThrow("NetStream.Play.Failed");
    expect(before.closed).toBe(false);
  },

  async "vhost.NAME.edge.max_dials"(stage) {
    const origin = mute(stage);
    const edge = await ReloadServer.start(stage, edgeOf([origin], "read_timeout = 600000", "max_dials = 1"), "edge");
    for (const name of ["a", "b", "c"]) await edge.play(name);
    await until("one is dialled", () => origin.connections === 1);
    await edge.reload(edgeOf([origin], "read_timeout = 600000", "max_dials = 3"));
    await edge.play("d");
    await until("three are dialled", () => origin.connections === 3);
  },
};
