import type { Clock, Timer } from "../../base/clock.ts";
import type { AccessRequest, ConnectAccess } from "../../live/ports/access.ts";
import type { Client, ClientTask } from "../../live/ports/clients.ts";
import { nameOfKey } from "../../live/streams.ts";
import type { EventClient, EventStream } from "./events.ts";

/** An allowed activity that the client has not begun within this time never begins, ms. */
const UNUSED_MS = 120_000;
const SWEEP_MS = 10_000;

/** A stream that a client publishes or plays, or is allowed to. */
export interface Activity {
  readonly kind: ClientTask["kind"];
  readonly protocol: string;
  readonly client: EventClient;
  readonly stream: EventStream;
}

/** A connection to an app of a vhost. */
export interface Connection {
  readonly client: EventClient;
  readonly vhost: string;
  readonly app: string;
}

/** What back ends know of one client. */
interface Visit {
  /** By vhost. */
  readonly connections: Map<string, Connection>;
  /** Vhosts whose back ends have let the client connect. */
  readonly connected: Set<string>;
  /** Activities that are allowed, and have not begun yet. */
  readonly allowed: Allowed[];
}

/** An activity that was allowed at a monotonic time, ms; `asked`: a back end has allowed it, and must be notified of its end. */
interface Allowed {
  readonly activity: Activity;
  readonly at: number;
  readonly asked: boolean;
}

/** Notifications of what clients no longer do. */
export interface VisitEvents {
  ended(activity: Activity): void;
  closed(connection: Connection, client: Client): void;
}

/** Remembers what clients are allowed and what they do, so that back ends are notified of the end of each activity that they know of. */
export class Visits {
  readonly #clock: Clock;
  readonly #events: VisitEvents;
  readonly #visits = new Map<string, Visit>();
  readonly #running = new Map<ClientTask, Activity>();
  /** Clients that back ends are being asked about: number of questions, and whether the client has left meanwhile. */
  readonly #asking = new Map<string, { count: number; gone: boolean }>();
  #sweeping: Timer | undefined;

  constructor(clock: Clock, events: VisitEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  isRunning(activity: Activity): boolean {
    return [...this.#running.values()].includes(activity);
  }

  /** A client asks to connect. */
  connects({ clientId }: ConnectAccess, connection: Connection): void {
    this.#of(clientId).connections.set(connection.vhost, connection);
  }

  /** A vhost's back ends have let the client connect. */
  connected(clientId: string, vhost: string): void {
    this.#visits.get(clientId)?.connected.add(vhost);
  }

  isConnected(clientId: string, vhost: string): boolean {
    return this.#visits.get(clientId)?.connected.has(vhost) ?? false;
  }

  /** Back ends are asked about a client; the caller calls `answered` with the activity that they have allowed, undefined if refused. */
  asking(clientId: string): { answered(allowed: Activity | undefined): void } {
    const asking = this.#asking.get(clientId) ?? { count: 0, gone: false };
    asking.count++;
    this.#asking.set(clientId, asking);
    return {
      answered: (allowed) => {
        if (--asking.count === 0) this.#asking.delete(clientId);
        if (allowed === undefined) return;
        if (asking.gone) this.#events.ended(allowed);
        else this.allow(allowed, true);
      },
    };
  }

  /** A client may publish or play; `asked`: by a back end's answer. */
  allow(activity: Activity, asked: boolean): void {
    const { allowed } = this.#of(activity.client.id);
    // A viewer over HTTP repeats its request while it waits for the stream.
    const isAgain = (known: Activity) => activity.protocol !== "rtmp" && keyOf(known) === keyOf(activity);
    const index = allowed.findIndex((each) => isAgain(each.activity));
    if (index >= 0) allowed.splice(index, 1);
    allowed.push({ activity, at: this.#clock.now(), asked });
    this.#sweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** An allowed activity will not begin. */
  withdraw(activity: Activity): void {
    const { allowed = [] } = this.#visits.get(activity.client.id) ?? {};
    const index = allowed.findIndex((each) => each.activity === activity);
    if (index >= 0) this.#drop(allowed.splice(index, 1));
  }

  /**
   * The client publishes or plays. `hasHooks`: its vhost has hooks; without them, only activities that were allowed before are
   * remembered, as a reload may bring the hooks back.
   */
  began(client: Client, task: ClientTask, hasHooks: boolean): Activity | undefined {
    const allowed = this.#visits.get(client.id)?.allowed ?? [];
    const { kind, stream } = task;
    const index = allowed.findIndex(({ activity }) => activity.kind === kind && keyOf(activity) === stream.key);
    const [found] = index < 0 ? [] : allowed.splice(index, 1);
    const activity = found?.activity ?? (hasHooks ? activityOf(client, task) : undefined);
    if (activity === undefined) return undefined;
    this.#running.set(task, activity);
    return activity;
  }

  /** The client no longer publishes or plays. */
  ended(task: ClientTask): void {
    const activity = this.#running.get(task);
    if (this.#running.delete(task) && activity !== undefined) this.#events.ended(activity);
  }

  /** The client has disconnected. */
  left(client: Client): void {
    const asking = this.#asking.get(client.id);
    if (asking !== undefined) asking.gone = true;
    const visit = this.#visits.get(client.id);
    if (!this.#visits.delete(client.id) || visit === undefined) return;
    this.#drop(visit.allowed);
    for (const connection of visit.connections.values()) this.#events.closed(connection, client);
  }

  /** Reports the end of activities that back ends know of. */
  #drop(unused: readonly Allowed[]): void {
    for (const { activity, asked } of unused) if (asked) this.#events.ended(activity);
  }

  #of(id: string): Visit {
    const known = this.#visits.get(id);
    if (known !== undefined) return known;
    const visit: Visit = { connections: new Map(), connected: new Set(), allowed: [] };
    this.#visits.set(id, visit);
    return visit;
  }

  /** Forgets allowed activities that never began: HLS viewers that never get a playlist have no connection whose end is reported. */
  #sweep(): void {
    const before = this.#clock.now() - UNUSED_MS;
    let isWaiting = false;
    for (const [id, { allowed, connections }] of this.#visits) {
      const first = allowed.findIndex(({ at }) => at > before);
      this.#drop(allowed.splice(0, first < 0 ? allowed.length : first));
      isWaiting ||= allowed.length > 0;
      if (allowed.length === 0 && connections.size === 0) this.#visits.delete(id);
    }
    if (isWaiting) return;
    this.#sweeping?.cancel();
    this.#sweeping = undefined;
  }
}

/** The activity that a request asks for. */
export function activityFor(request: AccessRequest): Activity {
  const { action, protocol, name, param } = request;
  return { kind: action, protocol, client: clientOf(request), stream: { ...name, param } };
}

/** The client of a request. */
export function clientOf({ clientId: id, address: ip, tcUrl, pageUrl }: AccessRequest | ConnectAccess): EventClient {
  return { id, ip, tcUrl, pageUrl };
}

/** The activity of a client that was let in before its vhost had hooks. */
function activityOf({ id, protocol, remote, introduction }: Client, task: ClientTask): Activity {
  const client = { id, ip: remote.host, tcUrl: introduction?.url ?? "", pageUrl: introduction?.pageUrl ?? "" };
  const param = task.kind === "publish" ? task.source.info.param : "";
  return { kind: task.kind, protocol, client, stream: { ...nameOfKey(task.stream.key), param } };
}

/** The key of an activity's stream. */
export function keyOf({ stream: { vhost, app, stream } }: Activity): string {
  return `${vhost}/${app}/${stream}`;
}
