import { logClients } from "../../src/app/client-log.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { RtmpVhost } from "../../src/features/rtmp/context.ts";
import { Clients } from "../../src/live/ports/clients.ts";
import { ConnectionAccount } from "../../src/live/ports/connections.ts";
import { Entry, type EntryOptions } from "../../src/live/ports/entry.ts";
import { Refusals } from "../../src/live/ports/refusals.ts";

/** An account of so many connections from anywhere. */
export function openAccount(maxConnections: number): ConnectionAccount {
  return new ConnectionAccount({
    maxConnections,
    limiter: { acquire: () => undefined, release: () => undefined, countRequest: () => undefined },
  });
}

/** What an RTMP server needs to let everybody in, but for what `options` say. */
export function openDoor(
  clock: Clock,
  log: Log,
  options: Partial<EntryOptions<RtmpVhost>> & Pick<EntryOptions<RtmpVhost>, "vhosts">,
) {
  const clients = new Clients(clock);
  clients.observe(logClients(clock, log));
  return {
    entry: new Entry({
      clock,
      nodeId: "this-node",
      guards: [],
      countingGuards: [],
      connections: openAccount(1000),
      ...options,
    }),
    clients,
    refusals: new Refusals(clock, log),
    idle: { handshake_timeout: 30_000, idle_timeout: 180_000 },
  };
}

/** A vhost's limits as they are when the file says nothing. */
export const limitDefaults = { max_players: 0, max_streams: 0, max_publish_kbps: 0, on_excess: "disconnect" } as const;
