import type { Clock } from "../base/clock.ts";
import { maskText } from "../base/mask.ts";
import type { Clients } from "../live/ports/clients.ts";
import { MAX_NODE_LINKS, type NodeFlow, type NodeLink } from "../live/ports/nodes.ts";
import type { RelayReport, Report } from "../live/ports/report.ts";
import type { Streams } from "../live/streams.ts";

/** The flow is measured at most this often, ms, as that costs a walk over all clients. */
const FRESH_MS = 900;
/** Maximum length of a reported error. */
const MAX_ERROR = 200;

/** What measuring a flow needs. */
export interface NodeFlowContext {
  readonly clock: Pick<Clock, "now">;
  readonly clients: Pick<Clients, "all">;
  readonly streams: Pick<Streams, "all">;
  report(): Pick<Required<Report>, "relays" | "received" | "health">;
}

type Link = { -readonly [K in keyof NodeLink]: NodeLink[K] };

/** Bytes by connection at one time, monotonic ms. */
interface Sample {
  readonly at: number;
  readonly received: number;
  readonly bytes: ReadonlyMap<string, number>;
}

/** Measures what comes into this process and leaves it. */
export class NodeFlowMeter {
  readonly #context: NodeFlowContext;
  #before: Sample | undefined;
  #flow: NodeFlow | undefined;

  constructor(context: NodeFlowContext) {
    this.#context = context;
  }

  /** The flow, no older than a second; its rates are those between the last two measurements. */
  get current(): NodeFlow {
    const now = this.#context.clock.now();
    if (this.#flow === undefined || now - (this.#before?.at ?? 0) >= FRESH_MS) this.#flow = this.#measure(now);
    return this.#flow;
  }

  #measure(at: number): NodeFlow {
    const { streams, report } = this.#context;
    const { relays, received, health } = report();
    const links = new Links(this.#before?.bytes);
    for (const relay of relays) links.addRelay(relay);
    const { encoders, viewers } = this.#countClients(links);
    const ms = this.#before === undefined ? 0 : at - this.#before.at;
    const kbpsIn = kbpsOf(received - (this.#before?.received ?? received), ms);
    let ageMs: number | undefined;
    for (const stream of streams.all()) if (stream.source !== undefined) ageMs = atLeast(ageMs, stream.ageMs());
    this.#before = { at, received, bytes: links.bytes };
    const unhealthy = new Set(health.map(({ stream }) => stream)).size;
    return { encoders, viewers, kbpsIn, ageMs, unhealthy, links: links.over(ms) };
  }

  /** Counts clients that are no servers; adds servers that fetch to the links. */
  #countClients(links: Links): { readonly encoders: number; readonly viewers: number } {
    let [encoders, viewers] = [0, 0];
    for (const { id, remote, tasks } of this.#context.clients.all())
      for (const task of tasks) {
        if (task.kind === "publish") encoders += task.relay ? 0 : 1;
        else if (task.relay) links.addServed(`${id} ${task.stream.key}`, remote.host, task.bytes, task.lagMs);
        else viewers++;
      }
    return { encoders, viewers };
  }
}

/** The connections of one measurement, added up by the other server. */
class Links {
  /** Bytes so far, by connection. */
  readonly bytes = new Map<string, number>();
  /** Bytes at the last measurement, by connection; undefined at the first measurement. */
  readonly #before: ReadonlyMap<string, number> | undefined;
  /** Links by flow and server; `moved`: bytes since the last measurement. */
  readonly #links = new Map<string, { readonly link: Link; moved: number }>();

  constructor(before: ReadonlyMap<string, number> | undefined) {
    this.#before = before;
  }

  addRelay({ id, flow, to, state, failing, running, lagMs, lastError, bytes }: RelayReport): void {
    const link = this.#add(id, flow, serverOf(to), bytes);
    if (running) link.running++;
    if (running) link.lagMs = atLeast(link.lagMs, lagMs);
    if (state === "paused") link.paused++;
    if (!failing) return;
    link.failing++;
    link.error ??= lastError === undefined ? undefined : maskText(lastError).slice(0, MAX_ERROR);
  }

  /** Adds a server that fetches a stream from this one. */
  addServed(id: string, host: string, bytes: number, lagMs: number | undefined): void {
    const link = this.#add(id, "serve", host, bytes);
    link.running++;
    link.lagMs = atLeast(link.lagMs, lagMs);
  }

  /** Failing links first, then those with most traffic. `ms`: since the last measurement. */
  over(ms: number): NodeLink[] {
    const all = [...this.#links.values()].map(({ link, moved }) => ({ ...link, kbps: kbpsOf(moved, ms) }));
    return all.toSorted((a, b) => b.failing - a.failing || b.kbps - a.kbps).slice(0, MAX_NODE_LINKS);
  }

  #add(id: string, flow: NodeLink["flow"], to: string, bytes: number): Link {
    this.bytes.set(id, bytes);
    const key = `${flow} ${to}`;
    let found = this.#links.get(key);
    if (found === undefined) {
      const link = { flow, to, running: 0, failing: 0, paused: 0, kbps: 0, lagMs: undefined, error: undefined };
      found = { link, moved: 0 };
      this.#links.set(key, found);
    }
    // A connection that is new since the last measurement has moved all its bytes since then.
    found.moved += bytes - (this.#before === undefined ? bytes : (this.#before.get(id) ?? 0));
    return found.link;
  }
}

function kbpsOf(bytes: number, ms: number): number {
  return ms <= 0 ? 0 : Math.max(0, Math.round((bytes * 8) / ms));
}

function atLeast(one: number | undefined, other: number | undefined): number | undefined {
  if (other === undefined) return one;
  return Math.round(Math.max(one ?? 0, other));
}

/** Host and port of a relay's other server, as its name has them. */
function serverOf(name: string): string {
  return /^(?:[a-z]+:\/\/)?([^/?#]*)/.exec(name)?.[1] ?? name;
}
