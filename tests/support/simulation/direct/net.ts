import type { Clock } from "../../../../src/base/clock.ts";
import type { EpochCommandArguments } from "../../../../src/rtmp/connect.ts";

/** What the owner of a connection's end hears. */
export interface End {
  /** The connection is gone; without a reason, the other end has closed it. */
  closed(reason: string | undefined): void;
}

/** One end of a connection. What it sends is a call at the other end. */
export class DirectEnd {
  readonly connection: DirectConnection;
  handler: End | undefined;
  isOpen = true;

  constructor(connection: DirectConnection) {
    this.connection = connection;
  }

  /** Runs a call at the other end, after those before it. */
  send(run: () => void): void {
    if (this.isOpen) this.connection.carry(this, run);
  }

  /** Ends this end at once, and the other one when it has got everything. */
  close(): void {
    if (!this.isOpen) return;
    const other = this.connection.other(this);
    this.connection.carry(this, () => other.fail(undefined));
    this.drop();
  }

  /** The connection breaks for this end. */
  fail(reason: string | undefined): void {
    if (!this.isOpen) return;
    this.drop();
    this.handler?.closed(reason);
  }

  /** Its program is gone. */
  drop(): void {
    this.isOpen = false;
    this.connection.ended();
  }
}

/** Time after which both kernels give up a lost connection, ms; shorter than in reality, as histories are short. */
const GIVEN_UP_MS = 8000;

/** A connection without bytes: calls arrive in order, after its delay, and wait while it is held. */
export class DirectConnection {
  /** The dialling host's name, the program that dialled, and the host that accepted. */
  readonly from: string;
  readonly by: object | undefined;
  readonly at: DirectHost;
  readonly dialled = new DirectEnd(this);
  readonly accepted = new DirectEnd(this);
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #gone: (connection: DirectConnection) => void;
  #held: (() => void)[] | undefined;

  constructor(
    { from, by, at }: Pick<DirectConnection, "from" | "by" | "at">,
    { clock, delayMs, gone }: { clock: Clock; delayMs: number; gone: (connection: DirectConnection) => void },
  ) {
    this.from = from;
    this.by = by;
    this.at = at;
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#gone = gone;
  }

  other(end: DirectEnd): DirectEnd {
    return end === this.dialled ? this.accepted : this.dialled;
  }

  carry(from: DirectEnd, run: () => void): void {
    const to = this.other(from);
    const arrive = () => {
      if (this.#held !== undefined) this.#held.push(arrive);
      else if (to.isOpen) run();
    };
    if (this.#delayMs === 0) this.#clock.soon(arrive);
    else this.#clock.after(this.#delayMs, arrive);
  }

  /** Holds back all calls at both ends. */
  hold(): void {
    this.#held ??= [];
  }

  /** Delivers the calls that were held back, before all later ones. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const arrive of held ?? []) arrive();
  }

  /** Holds back all calls, and breaks both ends after a while. */
  lose(): void {
    this.hold();
    this.#clock.after(GIVEN_UP_MS, () => {
      this.dialled.fail("connection timed out");
      this.accepted.fail("connection timed out");
    });
  }

  ended(): void {
    if (!this.dialled.isOpen && !this.accepted.isOpen) this.#gone(this);
  }
}

/** A program that takes connections. */
export interface DirectHost {
  readonly host: string;
  accept(end: DirectEnd): ServerCalls;
}

/** What a client may call at its server. */
export interface ServerCalls extends End {
  /** The server shows that it is alive. */
  greet(client: Pick<PlayCalls, "greeted">): void;
  publish(client: PublishCalls, stream: string): void;
  /** The next frame; `id` names the encoder, `count` the frame. */
  frame(time: number, id: number, count: number): void;
  pong(): void;
  play(client: PlayCalls, stream: string, hops: readonly string[]): void;
}

/** What a server may call at a client that publishes. */
export interface PublishCalls {
  accepted(): void;
  refused(reason: string): void;
  ping(): void;
}

/** What a server may call at a client that plays. */
export interface PlayCalls {
  greeted(): void;
  started(node: string): void;
  /** `kind` as in `PullEnd`. */
  refused(kind: "absent" | "failed" | "refused", reason: string): void;
  hops(hops: readonly string[]): void;
  epoch(...args: EpochCommandArguments): void;
  packets(packets: readonly SentPacket[]): void;
  unpublished(): void;
}

/** A packet on its way. */
export interface SentPacket {
  readonly kind: 8 | 9 | 18;
  readonly time: number;
  readonly payload: Uint8Array;
}

/** A client that dials. */
export interface DirectClient extends End {
  opened(end: DirectEnd, server: ServerCalls): void;
}

/** Programs by their hosts' names, and what is between them. */
export class DirectNet {
  readonly hosts = new Map<string, DirectHost | "silent">();
  /** Programs that have ended: they dial no more. */
  readonly gone = new WeakSet<object>();
  /** Those of which at least one end is open. */
  readonly connections = new Set<DirectConnection>();
  /** Pairs of hosts, `FROM>TO`, between which nothing passes. */
  readonly cuts = new Set<string>();
  /** How long calls of the next connection are on their way, ms. */
  delayMs: () => number = () => 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  dial(from: string, by: object | undefined, host: string, timeoutMs: number, client: DirectClient): { abort(): void } {
    let isOver = false;
    const fail = (reason: string) => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      client.closed(reason);
    };
    const timer = this.#clock.after(timeoutMs, () => fail(`no connection within ${timeoutMs / 1000} s`));
    this.#clock.soon(() => {
      if (isOver || this.cuts.has(`${from}>${host}`) || (by !== undefined && this.gone.has(by))) return;
      const at = this.hosts.get(host);
      if (at === "silent") return;
      if (at === undefined) {
        fail("connection refused");
        return;
      }
      isOver = true;
      timer.cancel();
      const delayMs = this.delayMs();
      const gone = (connection: DirectConnection) => this.connections.delete(connection);
      const connection = new DirectConnection({ from, by, at }, { clock: this.#clock, delayMs, gone });
      this.connections.add(connection);
      const { dialled, accepted } = connection;
      dialled.handler = client;
      const server = at.accept(accepted);
      accepted.handler = server;
      client.opened(dialled, server);
    });
    return {
      abort: () => {
        isOver = true;
        timer.cancel();
      },
    };
  }
}
