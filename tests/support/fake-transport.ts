import type { HostPort } from "../../src/base/address.ts";
import { isPublicIp } from "../../src/base/address-scope.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { HttpGet, HttpHandler } from "../../src/base/http.ts";
import type { Dial, LocalNet, Transport, TransportHandler } from "../../src/base/transport.ts";
import { between } from "./random.ts";

/** Bytes that fit between a sender and a receiver that does not read: the kernel's two buffers. */
const WINDOW_BYTES = 256 * 1024;

/** One end of an in-memory connection. What is sent arrives in the next turn, in fragments when there is chance. */
export class FakeTransport implements Transport {
  readonly remote: HostPort;
  readonly ip: string;
  bytesSent = 0;
  /** Everything that has been handed over, in order. */
  readonly sent: Uint8Array[] = [];
  readonly #clock: Clock;
  readonly #random: (() => number) | undefined;
  #peer: FakeTransport | undefined;
  #handler: TransportHandler | undefined;
  #queue: Uint8Array[] = [];
  /** Sent by the other end, and not read yet. */
  #arrived: Uint8Array[] = [];
  #finished = false;
  #reading = true;
  #waking = false;
  #state: "open" | "closing" | "closed" = "open";

  constructor(remote: HostPort, clock: Clock, random?: () => number, ip = remote.host) {
    this.remote = remote;
    this.ip = ip;
    this.#clock = clock;
    this.#random = random;
  }

  /** Makes two ends one connection and tells their owners. */
  static connect(a: FakeTransport, aHandler: TransportHandler, b: FakeTransport, bHandler: TransportHandler): void {
    a.#peer = b;
    b.#peer = a;
    a.#handler = aHandler;
    b.#handler = bHandler;
    bHandler.onOpen(b);
    aHandler.onOpen(a);
  }

  get bytesQueued(): number {
    return this.#queue.reduce((sum, { length }) => sum + length, 0);
  }

  /** What the peer's machine has not acknowledged, as a test says. */
  readonly bytesUnacknowledged: number = 0;

  get open(): boolean {
    return this.#state === "open";
  }

  /** The owner's program stands still, or goes on. */
  set reading(reading: boolean) {
    this.#reading = reading;
    if (reading) this.#wake();
  }

  readonly readPaused = false;
  readonly secure = false;
  /** How long what the other end sends is on its way, ms. */
  delayMs = 0;

  mergeReads(): void {}

  inputChanged(): void {}

  send(bytes: Uint8Array): boolean {
    if (this.#state !== "open") return false;
    this.sent.push(bytes);
    this.#queue.push(bytes);
    this.#move();
    return this.#queue.length === 0;
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#finish();
  }

  abort(): void {
    this.#peer?.fail("connection reset by peer");
    this.fail(undefined);
  }

  abandon(): void {
    this.#queue = [];
    const peer = this.#peer;
    if (this.#state !== "closed" && peer !== undefined) {
      peer.#finished = true;
      peer.#wake();
    }
    this.fail(undefined);
  }

  /** The connection breaks for this end. */
  fail(reason: string | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#queue = [];
    this.#arrived = [];
    this.#handler?.onClose(reason);
  }

  #move(): void {
    const peer = this.#peer;
    if (peer === undefined || peer.#state === "closed") return;
    let room = WINDOW_BYTES - peer.#arrived.reduce((sum, { length }) => sum + length, 0);
    for (let first = this.#queue[0]; first !== undefined && room > 0; first = this.#queue[0]) {
      const part = first.slice(0, room);
      room -= part.length;
      this.bytesSent += part.length;
      peer.#arrive(part);
      if (part.length < first.length) this.#queue[0] = first.subarray(part.length);
      else this.#queue.shift();
    }
    peer.#wake();
  }

  #arrive(part: Uint8Array): void {
    const arrive = () => {
      this.#arrived.push(part);
      this.#wake();
    };
    if (this.delayMs === 0) arrive();
    else this.#clock.after(this.delayMs, arrive);
  }

  /** Everything is sent: the other end hears of the close behind it. */
  #finish(): void {
    if (this.#state !== "closing" || this.#queue.length > 0 || this.#peer === undefined) return;
    this.#peer.#finished = true;
    this.#peer.#wake();
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#clock.soon(() => {
      this.#waking = false;
      this.#receive();
    });
  }

  #receive(): void {
    if (!this.#reading || this.#state === "closed") return;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const bytes of arrived) this.#deliver(bytes);
    this.#peer?.goOn();
    if (this.#finished && this.#arrived.length === 0) {
      this.fail(undefined);
      this.#peer?.fail(undefined);
    }
  }

  #deliver(bytes: Uint8Array): void {
    const random = this.#random;
    for (let at = 0; at < bytes.length && this.#state === "open"; ) {
      const length = random === undefined ? bytes.length : between(random, 1, 3000);
      this.#handler?.onData(bytes.slice(at, at + length));
      at += length;
    }
  }

  /** The other end has read: there may be room again. */
  goOn(): void {
    if (this.#queue.length === 0) return;
    this.#move();
    if (this.#queue.length > 0) return;
    if (this.#state === "closing") this.#finish();
    else if (this.#state === "open") this.#handler?.onDrain();
  }
}

/** What answers at an address: a server, nothing at all (`silent`), or a refusal with its reason. */
export type Host = "silent" | { refuse: string } | { accept(): TransportHandler | undefined };

/** Both ends of a connection. */
export interface FakeConnection {
  readonly dialled: FakeTransport;
  readonly accepted: FakeTransport;
  /** Whose name it was dialled in, and by whom, if known; and who accepted it. */
  readonly from: string;
  readonly by: object | undefined;
  readonly at: object;
}

/** A network in memory. */
export class FakeNet {
  readonly hosts = new Map<string, Host>();
  /** Programs that have begun. */
  processes = 0;
  /** Those that have ended: they dial no more. */
  readonly gone = new WeakSet<object>();
  readonly connections: FakeConnection[] = [];
  /** Connections within a machine, and the path that was dialled. */
  readonly locals: (Pick<FakeConnection, "dialled" | "accepted"> & { readonly path: string })[] = [];
  /** Pairs of hosts, `FROM>TO`, between which no connection comes up. */
  readonly cuts = new Set<string>();
  readonly #clock: Clock;
  readonly #random: (() => number) | undefined;
  /** Addresses in the order in which they were dialled. */
  readonly dials: string[] = [];

  constructor(clock: Clock, random?: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The newest connection. */
  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("nobody has connected");
    return last;
  }

  /** The IP addresses of hosts; those that are not here have one of a private network. */
  readonly addresses = new Map<string, string>();

  /** Why a dial does not even begin. */
  #forbidden(host: string, publicOnly: boolean | undefined): string | undefined {
    return publicOnly && !isPublicIp(this.#ipOf(host)) ? `${host} is not on the public internet` : undefined;
  }

  #ipOf(host: string): string {
    return this.addresses.get(host) ?? "10.0.0.1";
  }

  /** What HTTP servers answer, by URL; the handler is told in the next turn. */
  readonly pages = new Map<string, (handler: HttpHandler) => void>();

  readonly httpGet: HttpGet = (url, handler, options) => {
    let aborted = false;
    const { hostname } = new URL(url);
    this.dials.push(url);
    const heard: HttpHandler = {
      onResponse: (...answer) => (aborted ? undefined : handler.onResponse(...answer)),
      onData: (bytes) => (aborted ? undefined : handler.onData(bytes)),
      onEnd: (reason) => (aborted ? undefined : handler.onEnd(reason)),
    };
    this.#clock.soon(() => {
      const page = this.pages.get(url);
      const forbidden = this.#forbidden(hostname, options?.publicOnly);
      if (forbidden !== undefined) heard.onEnd(forbidden);
      else if (page === undefined) heard.onEnd("connection refused");
      else {
        if (!aborted) handler.onConnected?.();
        page(heard);
      }
    });
    return {
      ip: this.#ipOf(hostname),
      abort: () => {
        aborted = true;
      },
    };
  };

  /** Who listens at which path. */
  readonly paths = new Map<string, () => TransportHandler>();

  readonly local: LocalNet = {
    listen: (path, accept) => {
      this.paths.set(path, accept);
      return { stop: () => this.paths.delete(path) };
    },
    dial: (path, handler) => {
      this.#clock.soon(() => {
        const accept = this.paths.get(path);
        if (accept === undefined) {
          handler.onClose("no such file");
          return;
        }
        const [dialled, accepted] = [0, 1].map(
          () => new FakeTransport({ host: "this machine", port: 0 }, this.#clock, this.#random),
        ) as [FakeTransport, FakeTransport];
        this.locals.push({ path, dialled, accepted });
        FakeTransport.connect(dialled, handler, accepted, accept());
      });
    },
  };

  readonly dial: Dial = (target, handler) => this.#dial("", target, handler);

  /** Dials in the name of a host; `by`: which of its programs. */
  dialer(from: string, by?: object): Dial {
    return (target, handler) =>
      by !== undefined && this.gone.has(by) ? { abort: () => undefined } : this.#dial(from, target, handler, by);
  }

  #dial(
    from: string,
    { host, port, timeoutMs, publicOnly }: Parameters<Dial>[0],
    handler: TransportHandler,
    by?: object,
  ): ReturnType<Dial> {
    const address = `${host}:${port}`;
    this.dials.push(address);
    const attempt: { over: boolean; transport?: FakeTransport } = { over: false };
    const fail = (reason: string) => {
      if (attempt.over) return;
      attempt.over = true;
      timer.cancel();
      handler.onClose(reason);
    };
    const timer = this.#clock.after(timeoutMs, () => fail(`no connection within ${timeoutMs / 1000} s`));
    this.#clock.soon(() => {
      if (attempt.over) return;
      const forbidden = this.#forbidden(host, publicOnly);
      if (forbidden !== undefined) {
        fail(forbidden);
        return;
      }
      const there = this.hosts.get(address) ?? { refuse: "connection refused" };
      if (there === "silent" || this.cuts.has(`${from}>${host}`)) return;
      if ("refuse" in there) {
        fail(there.refuse);
        return;
      }
      const acceptor = there.accept();
      if (acceptor === undefined) {
        fail("connection reset by peer");
        return;
      }
      attempt.over = true;
      timer.cancel();
      const dialled = new FakeTransport({ host, port }, this.#clock, this.#random, this.#ipOf(host));
      const accepted = new FakeTransport({ host: "10.0.0.1", port: 50000 }, this.#clock, this.#random);
      attempt.transport = dialled;
      this.connections.push({ from, by, at: there, dialled, accepted });
      FakeTransport.connect(dialled, handler, accepted, acceptor);
    });
    return {
      abort: () => {
        if (attempt.transport === undefined) fail("stopped");
        else attempt.transport.abort();
      },
    };
  }
}
