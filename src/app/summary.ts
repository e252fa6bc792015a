import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Edge } from "../features/edge/edge.ts";
import type { Forward } from "../features/forward/forward.ts";
import type { RtmpServer } from "../features/rtmp/server.ts";
import type { Streams } from "../live/streams.ts";

/** The status of a server without a connection. */
export const idle = "no connections";

const PERIOD_MS = 10_000;
/** A relay that is behind its stream by more than this is worth a word. */
const SLOW_RELAY_MS = 1000;
/** So many targets are named in a summary. */
const MAX_NAMES = 5;

/** What is summed up. */
export interface Summarised {
  readonly server: Pick<RtmpServer, "totals">;
  readonly forward: Pick<Forward, "relays" | "totals" | "missed">;
  readonly edge: Pick<Edge, "pulls" | "pushes" | "received" | "sent">;
  readonly streams: Pick<Streams, "size" | "standbys" | "corrections">;
}

/** Logs what the server carries every ten seconds, while it carries anything; `status` is told the same, also of nothing. */
export function startSummary(
  clock: Clock,
  log: Log,
  { server, forward, edge, streams }: Summarised,
  status: (line: string) => void = () => undefined,
): Timer {
  const jumpsSoFar = () => streams.corrections.of("jump");
  let before = { at: clock.now(), received: 0, sent: 0, refused: server.totals().refused, jumps: jumpsSoFar() };
  return clock.every(PERIOD_MS, () => {
    const totals = server.totals();
    const relays = [...forward.relays(), ...edge.pushes()];
    const pulls = [...edge.pulls()];
    const received = totals.received + edge.received;
    const sent = totals.sent + forward.totals.bytes + edge.sent;
    const now = clock.now();
    const kbps = (bytes: number) => Math.round((bytes * 8) / (now - before.at));
    const [inKbps, outKbps] = [kbps(received - before.received), kbps(sent - before.sent)];
    const refused = refusedSince(before.refused, totals.refused);
    const jumps = jumpsSoFar() - before.jumps;
    before = { at: now, received, sent, refused: totals.refused, jumps: jumpsSoFar() };
    if (totals.connections === 0 && streams.size === 0 && refused === undefined) {
      status(idle);
      return;
    }
    const running = relays.filter(({ status }) => status.state === "running");
    const lags = running.map(({ to, lagMs }) => ({ to, lagMs })).toSorted((a, b) => b.lagMs - a.lagMs);
    const slow = lags.filter(({ lagMs }) => lagMs > SLOW_RELAY_MS);
    const summary = {
      connections: totals.connections,
      publishers: totals.publishers,
      players: totals.players,
      streams: streams.size,
      standbys: streams.standbys === 0 ? undefined : streams.standbys,
      relays: relays.length === 0 ? undefined : relays.length,
      relays_running: relays.length === 0 ? undefined : running.length,
      failing_targets: namesOf(relays.filter(({ failing }) => failing)),
      slow_targets: namesOf(slow),
      slowest_relay_ms: slow[0] === undefined ? undefined : Math.round(slow[0].lagMs),
      pulls: pulls.length === 0 ? undefined : pulls.length,
      pulls_running: pulls.length === 0 ? undefined : pulls.filter(({ status }) => status.state === "running").length,
      forwards_missed: forward.missed === 0 ? undefined : forward.missed,
      clock_jumps: jumps === 0 ? undefined : jumps,
      ...refused,
      in_kbps: inKbps,
      out_kbps: outKbps,
    };
    log.info("summary", summary);
    const given = Object.entries(summary).filter(([, value]) => value !== undefined);
    status(given.map(([name, value]) => `${name}=${value}`).join(" "));
  });
}

/** The targets of these relays, each once and the first few by name; undefined when there are none. */
function namesOf(relays: readonly { readonly to: string }[]): string | undefined {
  const names = [...new Set(relays.map(({ to }) => to))];
  if (names.length === 0) return undefined;
  const more = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** How many were refused since `before`: all, and by kind; undefined when there were none. */
function refusedSince(
  before: ReadonlyMap<string, number>,
  totals: ReadonlyMap<string, number>,
): Record<string, number> | undefined {
  const kinds = [...totals].map(([kind, total]) => [kind, total - (before.get(kind) ?? 0)] as const);
  const all = kinds.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return undefined;
  const given = kinds.filter(([, count]) => count > 0).map(([kind, count]) => [`refused_${kind}`, count]);
  return { refused: all, ...Object.fromEntries(given) };
}
