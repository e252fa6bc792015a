import type { HostPort, ListenAddress } from "../../src/base/address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Dial, Transport, TransportHandler } from "../../src/base/transport.ts";

type Accept = (remote: HostPort) => TransportHandler | undefined;

/** Listeners and connections in memory. What is sent arrives at the end of the turn, whole, as an array of its own. */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #listeners = new Map<number, Accept>();
  /** May change, or keep back (undefined), what an end that was dialled is about to receive. */
  tamper: ((bytes: Uint8Array) => Uint8Array | undefined) | undefined;
  readonly #dialled: MemoryEnd[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(address: ListenAddress, accept: Accept): { address: ListenAddress; stop: () => void } {
    this.#listeners.set(address.port, accept);
    return { address, stop: () => this.#listeners.delete(address.port) };
  }

  readonly dial: Dial = (target, handler) => {
    let end: MemoryEnd | undefined;
    let aborted = false;
    this.#clock.soon(() => {
      if (aborted) return;
      const client = { host: "10.0.0.9", port: 40000 };
      const accepted = this.#listeners.get(target.port)?.(client);
      if (accepted === undefined) {
        handler.onClose("connection refused");
        return;
      }
      end = new MemoryEnd(this.#clock, handler, target, (bytes) => this.#received(bytes));
      const far = new MemoryEnd(this.#clock, accepted, client, (bytes) => bytes);
      end.peer = far;
      far.peer = end;
      this.#dialled.push(end);
      accepted.onOpen(far);
      handler.onOpen(end);
    });
    return {
      abort: () => {
        aborted = true;
        if (end !== undefined) end.abort();
        else handler.onClose("stopped");
      },
    };
  };

  /** What the ends that were dialled send stays with them while `stalled`. */
  stall(stalled: boolean): void {
    for (const end of this.#dialled) end.stall(stalled);
  }

  #received(bytes: Uint8Array): Uint8Array | undefined {
    return this.tamper === undefined ? bytes : this.tamper(bytes);
  }
}

class MemoryEnd implements Transport {
  readonly remote: HostPort;
  readonly #clock: Clock;
  readonly #handler: TransportHandler;
  readonly #receive: (bytes: Uint8Array) => Uint8Array | undefined;
  peer: MemoryEnd | undefined;
  bytesSent = 0;
  readonly #queue: Uint8Array[] = [];
  #stalled = false;
  #open = true;

  constructor(
    clock: Clock,
    handler: TransportHandler,
    remote: HostPort,
    receive: (bytes: Uint8Array) => Uint8Array | undefined,
  ) {
    this.#clock = clock;
    this.#handler = handler;
    this.remote = remote;
    this.#receive = receive;
  }

  get bytesQueued(): number {
    return this.#queue.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled;
    if (stalled || this.#queue.length === 0) return;
    for (const bytes of this.#queue.splice(0)) this.send(bytes);
    this.#handler.onDrain();
  }

  readonly readPaused = false;
  readonly secure = false;
  readonly ip = "10.0.0.1";
  readonly bytesUnacknowledged = 0;

  mergeReads(): void {}

  inputChanged(): void {}

  send(bytes: Uint8Array): boolean {
    if (!this.#open) return false;
    if (this.#stalled) {
      this.#queue.push(bytes);
      return false;
    }
    this.bytesSent += bytes.length;
    const copy = bytes.slice();
    this.#clock.soon(() => this.peer?.acquire(copy));
    return true;
  }

  close(): void {
    this.#clock.soon(() => this.abort());
  }

  abandon(): void {
    this.abort();
  }

  abort(): void {
    const peer = this.peer;
    this.end();
    this.#clock.soon(() => peer?.end());
  }

  acquire(bytes: Uint8Array): void {
    const received = this.#receive(bytes);
    if (this.#open && received !== undefined) this.#handler.onData(received);
  }

  end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#handler.onClose(undefined);
  }
}
