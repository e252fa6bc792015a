import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import { Refusals } from "../../src/live/ports/refusals.ts";

/** What an RTMP server needs to let everybody in. */
export function openDoor(clock: Clock, log: Log) {
  return {
    guards: [],
    countingGuards: [],
    refusals: new Refusals(clock, log),
    connectionLimiter: { acquire: () => undefined, release: () => undefined },
    idle: { handshake_timeout: 30_000, idle_timeout: 180_000 },
  };
}

/** A vhost's limits as they are when the file says nothing. */
export const limitDefaults = { max_players: 0, max_streams: 0, max_publish_kbps: 0, on_excess: "disconnect" } as const;
