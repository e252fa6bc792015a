import type { Clock, Timer } from "../base/clock.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { Clients } from "../live/ports/clients.ts";
import type { Refusals } from "../live/ports/refusals.ts";
import type { RelayReport, Report } from "../live/ports/report.ts";
import type { Streams } from "../live/streams.ts";

/** The status of a server without a connection. */
export const idle = "no connections";

const PERIOD_MS = 10_000;
/** A relay that is this far behind its stream is reported. */
const SLOW_RELAY_MS = 1000;
/** Targets named in a summary. */
const MAX_NAMES = 5;

/** Logs the server's load every ten seconds, while there is any; `status` always receives the same line. */
export function startSummary(
  clock: Clock,
  log: Log,
  report: () => Required<Report>,
  status: (line: string) => void = () => undefined,
): Timer {
  let before = { at: clock.now(), ...report() };
  return clock.every(PERIOD_MS, () => {
    const found = { at: clock.now(), ...report() };
    const kbps = (from: number, to: number) => Math.round(((to - from) * 8) / (found.at - before.at));
    const rates = { in_kbps: kbps(before.received, found.received), out_kbps: kbps(before.sent, found.sent) };
    const news = newSince(before.since, found.since);
    before = found;
    const nothing = Object.values(found.now).every((count) => count === 0) && Object.keys(news).length === 0;
    if (nothing) {
      status(idle);
      return;
    }
    const summary = { ...found.now, ...inWords(found.relays), ...news, ...rates };
    log.info("summary", summary);
    const given = Object.entries(summary).filter(([, value]) => value !== undefined);
    status(given.map(([name, value]) => `${name}=${value}`).join(" "));
  });
}

/** The clients of a server, in numbers: clients that are not let in count as connections and as refused. */
export function clientsReport(clients: Clients, connections: { readonly size: number }, refusals: Refusals): Report {
  const { publishers, players, received, sent } = clients.totals();
  const kinds = [...refusals.totals].map(([kind, count]) => [`refused_${kind}`, count] as const);
  const all = kinds.reduce((sum, [, count]) => sum + count, 0);
  return {
    now: { connections: connections.size, publishers, players },
    since: { refused: all, ...Object.fromEntries(kinds) },
    received,
    sent,
  };
}

/** The streams of a server, in numbers. */
export function streamsReport({
  size,
  standbys,
  corrections,
}: Pick<Streams, "size" | "standbys" | "corrections">): Report {
  const now: Record<string, number> = standbys === 0 ? { streams: size } : { streams: size, standbys };
  return { now, since: { clock_jumps: corrections.of("jump") } };
}

/** The state of connections to other servers; numbers without a meaning are undefined. */
function inWords(relays: readonly RelayReport[]): LogFields {
  const pushes = relays.filter(({ flow }) => flow === "push");
  const pulls = relays.filter(({ flow }) => flow === "pull");
  const running = (of: readonly RelayReport[]) => of.filter(({ running }) => running);
  const slow = running(pushes)
    .map(({ to, lagMs = 0 }) => ({ to, lagMs }))
    .filter(({ lagMs }) => lagMs > SLOW_RELAY_MS)
    .toSorted((a, b) => b.lagMs - a.lagMs);
  return {
    relays: pushes.length || undefined,
    relays_running: pushes.length === 0 ? undefined : running(pushes).length,
    failing_targets: namesOf(pushes.filter(({ failing }) => failing)),
    slow_targets: namesOf(slow),
    slowest_relay_ms: slow[0] === undefined ? undefined : Math.round(slow[0].lagMs),
    pulls: pulls.length || undefined,
    pulls_running: pulls.length === 0 ? undefined : running(pulls).length,
  };
}

/** The counts since `before`, without zeros. */
function newSince(before: Report["since"] = {}, now: Report["since"] = {}): Record<string, number> {
  const more = Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}

/** The targets of these relays, each once, the first few by name; undefined when there are none. */
function namesOf(relays: readonly { readonly to: string }[]): string | undefined {
  const names = [...new Set(relays.map(({ to }) => to))];
  if (names.length === 0) return undefined;
  const more = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
