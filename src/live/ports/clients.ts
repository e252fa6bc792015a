import type { HostPort } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import type { Source, SourceEnd } from "../source/source.ts";
import type { Stream } from "../stream.ts";

interface Task {
  readonly stream: Stream;
  /** Whether the client is a server that passes the stream on. */
  readonly relay: boolean;
  /** Monotonic ms. */
  readonly since: number;
  /** Media bytes so far. */
  readonly bytes: number;
  /** Packets that the client has lost. */
  readonly lost: number;
}

/** A stream that a client publishes. */
export interface PublishTask extends Task {
  readonly kind: "publish";
  readonly source: Source;
}

/** A stream that a client plays. */
export interface PlayTask extends Task {
  readonly kind: "play";
  /** How far it is behind the stream, ms; undefined where nobody knows. */
  readonly lagMs?: number;
}

/** One activity of a client; a client may have several. */
export type ClientTask = PublishTask | PlayTask;

/** What a client reports about itself when it connects. */
interface Introduction {
  readonly url: string;
  /** Its program's name and version, `""` if it names none. */
  readonly software: string;
  /** The page and the player that it names, `""` if it names none. */
  readonly pageUrl?: string;
  readonly swfUrl?: string;
}

/** A client's id, protocol and address. */
interface Identity {
  /** The client's id in the log. */
  readonly id: string;
  readonly protocol: string;
  readonly remote: HostPort;
}

/** The connection of a client, as this register sees it; its protocol owns it. */
export interface AcceptedConnection {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /**
   * Ends all activities of the client and closes the connection soon; the client receives the reason if its protocol can carry
   * one.
   */
  kick(reason: string): void;
}

/** One client, of any protocol. */
export interface Client extends Identity, AcceptedConnection {
  /** Counts the clients in the order in which they were accepted. */
  readonly order: number;
  /** When its connection was accepted, monotonic ms. */
  readonly since: number;
  /** Undefined until the client asks to connect. */
  readonly introduction: Introduction | undefined;
  readonly tasks: readonly ClientTask[];
}

/** Observes clients: the log, hooks, an API. */
export interface ClientObserver {
  /** The connection is accepted; the client has sent nothing yet. */
  accepted?(client: Client): void;
  /** It was let in. */
  connected?(client: Client): void;
  began?(client: Client, task: ClientTask): void;
  /** The numbers of `task` are final. */
  ended?(client: Client, task: ClientTask, how: SourceEnd): void;
  /** The connection has ended, for whatever reason; called for refused clients, too. */
  disconnected?(client: Client, reason: string | undefined): void;
}

/** The sums of all clients. */
export interface ClientTotals {
  readonly publishers: number;
  readonly players: number;
  /** Bytes since the start, including clients that have left. */
  readonly received: number;
  readonly sent: number;
}

/** All clients of the server, of every protocol. Protocols add their clients and report their activities. */
export class Clients {
  readonly #clock: Pick<Clock, "now">;
  readonly #suffix: string;
  readonly #clients = new Map<string, ClientRecord>();
  readonly #observers: ClientObserver[] = [];
  readonly #byProtocol = new Map<string, number>();
  readonly #tasks = { publish: 0, play: 0 };
  #accepted = 0;
  #pastReceived = 0;
  #pastSent = 0;

  /** `mark`: a text that differs in each process of each server; it ends unique ids. */
  constructor(clock: Pick<Clock, "now">, mark = "") {
    this.#clock = clock;
    this.#suffix = mark === "" ? "" : `-${mark}`;
  }

  /** A client's id for programs that hear of clients of several servers, or of several processes of one server. */
  uniqueId(id: string): string {
    return id === "" ? "" : `${id}${this.#suffix}`;
  }

  /** Adds an observer; earlier events are not repeated. */
  observe(observer: ClientObserver): void {
    this.#observers.push(observer);
  }

  /** All clients, in the order in which they were accepted. */
  all(): Iterable<Client> {
    return this.#clients.values();
  }

  /** The number of clients by protocol. */
  get byProtocol(): ReadonlyMap<string, number> {
    return this.#byProtocol;
  }

  /** The client with this id, or with this unique id. */
  find(id: string): Client | undefined {
    return this.#clients.get(id.endsWith(this.#suffix) ? id.slice(0, id.length - this.#suffix.length) : id);
  }

  totals(): ClientTotals {
    let [received, sent] = [this.#pastReceived, this.#pastSent];
    for (const { bytesReceived, bytesSent } of this.#clients.values()) {
      received += bytesReceived;
      sent += bytesSent;
    }
    return { publishers: this.#tasks.publish, players: this.#tasks.play, received, sent };
  }

  /** A connection was accepted. */
  add(identity: Identity, connection: AcceptedConnection): ClientRecord {
    const record: ClientRecord = new ClientRecord(identity, connection, this.#observers, {
      order: ++this.#accepted,
      since: this.#clock.now(),
      counted: (kind, more) => {
        this.#tasks[kind] += more;
      },
      remove: () => {
        if (!this.#clients.delete(record.id)) return;
        this.#count(record.protocol, -1);
        for (const { kind } of record.tasks) this.#tasks[kind]--;
        this.#pastReceived += record.bytesReceived;
        this.#pastSent += record.bytesSent;
      },
    });
    this.#clients.set(record.id, record);
    this.#count(record.protocol, 1);
    for (const observer of this.#observers) observer.accepted?.(record);
    return record;
  }

  #count(protocol: string, more: number): void {
    this.#byProtocol.set(protocol, (this.#byProtocol.get(protocol) ?? 0) + more);
  }
}

/** The list that a client's record is in. */
interface Listed {
  readonly order: number;
  readonly since: number;
  /** The client has begun or ended an activity of this kind. */
  counted(kind: ClientTask["kind"], more: 1 | -1): void;
  remove(): void;
}

/** One client, with the methods by which its protocol reports its activities. */
export class ClientRecord implements Client {
  readonly id: string;
  readonly protocol: string;
  readonly remote: HostPort;
  readonly order: number;
  readonly since: number;
  introduction: Introduction | undefined;
  /** Replaced, never changed. */
  tasks: readonly ClientTask[] = [];
  readonly #connection: AcceptedConnection;
  readonly #observers: readonly ClientObserver[];
  readonly #listed: Listed;

  constructor(
    { id, protocol, remote }: Identity,
    connection: AcceptedConnection,
    observers: readonly ClientObserver[],
    listed: Listed,
  ) {
    this.id = id;
    this.protocol = protocol;
    this.remote = remote;
    this.order = listed.order;
    this.since = listed.since;
    this.#connection = connection;
    this.#observers = observers;
    this.#listed = listed;
  }

  get bytesReceived(): number {
    return this.#connection.bytesReceived;
  }

  get bytesSent(): number {
    return this.#connection.bytesSent;
  }

  kick(reason: string): void {
    this.#connection.kick(reason);
  }

  /** It was let in. */
  connected(): void {
    for (const observer of this.#observers) observer.connected?.(this);
  }

  /** It publishes or plays from now on. */
  began(task: ClientTask): void {
    this.tasks = [...this.tasks, task];
    this.#listed.counted(task.kind, 1);
    for (const observer of this.#observers) observer.began?.(this, task);
  }

  /** It has ended this activity. */
  ended(task: ClientTask, how: SourceEnd): void {
    if (!this.tasks.includes(task)) return;
    this.tasks = this.tasks.filter((other) => other !== task);
    this.#listed.counted(task.kind, -1);
    for (const observer of this.#observers) observer.ended?.(this, task, how);
  }

  /** The connection is over. */
  disconnected(reason: string | undefined): void {
    for (const observer of this.#observers) observer.disconnected?.(this, reason);
    this.#listed.remove();
  }
}
