import { expect } from "bun:test";
import { WAIT_LIMIT_MS } from "../../limits.ts";
import { frameNumber } from "../payloads.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { firstPicture, picture, ReloadServer, sendGop } from "./server.ts";

const vhost = (...keys: readonly string[]) => ["[vhost.__defaultVhost__]", ...keys].join("\n");

/** What a new player begins with: the key frame that is cached, or the next one. The stream has begun before the reload. */
function cacheEffect(cached: string, uncached: string): Effect {
  return async (stage) => {
    const server = await ReloadServer.start(stage, vhost(cached));
    const publisher = await server.publish();
    const begin = async (number: number): Promise<boolean> => {
      sendGop(publisher, number, 5);
      // It is in the server when somebody has it.
      await picture(witness, number + 4);
      const player = await server.play();
      sendGop(publisher, number + 5, 1);
      return (await firstPicture(player)) === number;
    };
    sendGop(publisher, 0, 1);
    const witness = await server.play();
    expect(await begin(10)).toBe(true);
    await server.reload(vhost(uncached));
    expect(await begin(20)).toBe(false);
    await server.reload(vhost(cached));
    expect(await begin(30)).toBe(true);
  };
}

const STALL_BYTES = 24 * 1024 * 1024;
const GOP_BYTES = 1024 * 1024;
const GOP_MS = 1000;

/** Whether a player that stops reading for a while misses something. The stream has begun before the reload. */
function queueEffect(enough: string, little: string): Effect {
  return async (stage) => {
    const server = await ReloadServer.start(stage, vhost("gop_cache = false", enough));
    const publisher = await server.publish();
    const [witness, slow] = [await server.play(), await server.play()];
    let number = 0;
    const missesSome = async (): Promise<boolean> => {
      const from = number;
      slow.read(false);
      for (let sent = 0; sent < STALL_BYTES; sent += GOP_BYTES) {
        sendGop(publisher, number, 2, (number / 2) * GOP_MS, GOP_BYTES / 2);
        number += 2;
      }
      const sent = number - from;
      // The server has had all when somebody has what comes behind it.
      sendGop(publisher, number, 1, (number / 2) * GOP_MS);
      await picture(witness, number);
      slow.read(true);
      number += 2;
      sendGop(publisher, number, 1, (number / 2) * GOP_MS);
      await picture(slow, number);
      number += 2;
      const got = slow.packets.filter(({ payload }) => payload.length === GOP_BYTES / 2).length;
      slow.packets.length = 0;
      witness.packets.length = 0;
      return got < sent;
    };
    expect(await missesSome()).toBe(false);
    await server.reload(vhost("gop_cache = false", little));
    expect(await missesSome()).toBe(true);
  };
}

/** The effects of the keys that streams go by. */
export const liveEffects: Readonly<Record<string, Effect>> = {
  "vhost.NAME.gop_cache": cacheEffect("gop_cache = true", "gop_cache = false"),
  "vhost.NAME.gop_cache_max_frames": cacheEffect("gop_cache_max_frames = 2500", "gop_cache_max_frames = 3"),
  "vhost.NAME.gop_cache_max_bytes": cacheEffect("gop_cache_max_bytes = 100000", "gop_cache_max_bytes = 500"),
  "vhost.NAME.queue_length": queueEffect("queue_length = 3600", "queue_length = 1"),
  "vhost.NAME.queue_max_bytes": queueEffect("queue_length = 3600", "queue_length = 3600\nqueue_max_bytes = 1000000"),

  async "vhost.NAME.mw_latency"(stage) {
    const server = await ReloadServer.start(stage, vhost("mw_latency = 5000"));
    const [publisher, player] = [await server.publish(), await server.play()];
    let number = 0;
    /** Whether the server has a picture, and its player not: one that came just behind a flush. */
    const isHeld = async () => {
      sendGop(publisher, ++number, 1);
      await picture(player, number);
      sendGop(publisher, ++number, 1);
      // What is answered on a connection was read behind all that came before it, and is sent behind it.
      for (const client of [publisher, player]) await client.createStream();
      return !player.packets.some(({ payload }) => frameNumber(payload) === number);
    };
    await until("a picture waits for the next flush", isHeld);
    await server.reload(vhost("mw_latency = 0"));
    await until("a picture waits for none", async () => !(await isHeld()));
  },

  async "vhost.NAME.time_jitter"(stage) {
    const server = await ReloadServer.start(stage, vhost('time_jitter = "full"'));
    const [publisher, player] = [await server.publish(), await server.play()];
    const at = async (number: number, time: number) => {
      sendGop(publisher, number, 1, time);
      return (await picture(player, number)).timestamp;
    };
    const first = await at(1, 1000);
    const bridged = await at(2, 1_000_000);
    expect(bridged - first).toBeLessThan(WAIT_LIMIT_MS);
    await server.reload(vhost('time_jitter = "off"'));
    expect((await at(3, 2_000_000)) - bridged).toBe(1_000_000);
  },
};
