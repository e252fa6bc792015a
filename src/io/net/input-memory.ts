import type { Clock, Timer } from "../../base/clock.ts";

const MIB = 1024 * 1024;
/** Default limit of all input that waits or is incomplete, bytes. */
const DEFAULT_LIMIT = 64 * MIB;
/** Input that one connection that does not publish may hold. */
const MAX_EACH = MIB;
/** When memory is short, such a connection may still hold this much: a handshake and its commands. */
const MAX_EACH_WHEN_SHORT = 16 * 1024;
/** A connection whose reading is stopped, and whose input does not shrink, is closed after this. */
const UNREAD_TIMEOUT_MS = 5000;
const LOOK_MS = 1000;
/** Reading resumes when this share of the limit is free. */
const READ_AGAIN = 0.9;
/** The runtime reads this much from a socket at a time. */
const READ_BYTES = 512 * 1024;

/** A connection whose input takes memory. */
export interface InputHolder {
  /** Bytes read from it and not processed. */
  readonly inputBytes: number;
  /** It publishes: it may hold more, and is closed last. */
  readonly publishes: boolean;
  /** Whether its socket is left unread. */
  leaveUnread(unread: boolean): void;
  /** Closes it because of its input. */
  cut(reason: string): void;
}

/**
 * Accounts for all input in memory: bytes that wait for their turn, and incomplete messages. Beyond the limit, connections that
 * do not publish are not read, and closed if that lasts; publishers come last.
 */
export class InputMemory {
  readonly #clock: Clock;
  readonly #holders = new Set<InputHolder>();
  /** Connections whose reading is stopped, with the time since when (monotonic ms), the longest first. */
  readonly #unread = new Map<InputHolder, number>();
  #bytes = 0;
  #limit = DEFAULT_LIMIT;
  #shortSince: number | undefined;
  #timer: Timer | undefined;
  #resuming = false;
  #relieving = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Input of all connections, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many connections are not read. */
  get unread(): number {
    return this.#unread.size;
  }

  /** Changes the limit, bytes. */
  set limit(bytes: number) {
    this.#limit = bytes;
    this.#noticeShortage();
    this.#resumeSoon();
  }

  /** A connection holds this many bytes more, or less, than before. */
  count(holder: InputHolder, more: number): void {
    this.#bytes += more;
    if (holder.inputBytes > 0) this.#holders.add(holder);
    else this.#holders.delete(holder);
    this.#noticeShortage();
    if (more < 0) this.#resumeSoon();
  }

  /** Decides by its held bytes whether an open connection is read. */
  review(holder: InputHolder): void {
    const { inputBytes } = holder;
    if (this.#bytes > 2 * this.#limit && inputBytes > 0) {
      if (!holder.publishes) holder.cut(this.#reason(holder));
      else this.#relieveSoon();
      return;
    }
    if (this.#mayRead(holder)) this.#readAgain(holder);
    else if (!this.#unread.has(holder)) {
      this.#unread.set(holder, this.#clock.now());
      holder.leaveUnread(true);
      this.#lookSoon();
    }
  }

  /** A connection is closed; its bytes are already subtracted. */
  forget(holder: InputHolder): void {
    this.#unread.delete(holder);
  }

  #mayRead({ publishes, inputBytes }: InputHolder): boolean {
    return publishes || inputBytes <= (this.#short ? MAX_EACH_WHEN_SHORT : MAX_EACH);
  }

  get #short(): boolean {
    return this.#shortSince !== undefined;
  }

  #noticeShortage(): void {
    if (this.#bytes > this.#limit) {
      this.#shortSince ??= this.#clock.now();
      this.#lookSoon();
    } else if (this.#bytes <= this.#limit * READ_AGAIN) this.#shortSince = undefined;
  }

  #readAgain(holder: InputHolder): void {
    if (this.#unread.delete(holder)) holder.leaveUnread(false);
  }

  #resumeSoon(): void {
    if (this.#resuming || this.#short || this.#unread.size === 0) return;
    this.#resuming = true;
    this.#clock.soon(() => this.#resume());
  }

  /** Resumes reading the connections that waited longest, as many as there is room for. */
  #resume(): void {
    this.#resuming = false;
    let room = Math.max(1, Math.floor((this.#limit - this.#bytes) / READ_BYTES));
    for (const holder of this.#unread.keys()) {
      if (this.#short) return;
      if (!this.#mayRead(holder)) continue;
      if (room-- === 0) {
        this.#resumeSoon();
        return;
      }
      this.#readAgain(holder);
    }
  }

  #lookSoon(): void {
    this.#timer ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const since = this.#clock.now() - UNREAD_TIMEOUT_MS;
    for (const [holder, from] of this.#unread) {
      if (from > since) break;
      holder.cut(this.#reason(holder));
    }
    if (this.#shortSince !== undefined && this.#shortSince <= since) this.#relieve();
    if (this.#unread.size > 0 || this.#short) this.#lookSoon();
  }

  #relieveSoon(): void {
    if (this.#relieving) return;
    this.#relieving = true;
    this.#clock.soon(() => {
      this.#relieving = false;
      this.#relieve();
    });
  }

  /** Closes the connections that hold most, publishers last, until memory is no longer short. */
  #relieve(): void {
    const dearest = [...this.#holders].sort(
      (a, b) => Number(a.publishes) - Number(b.publishes) || b.inputBytes - a.inputBytes,
    );
    for (const holder of dearest) {
      if (!this.#short) return;
      holder.cut(this.#reason(holder));
    }
  }

  #reason({ inputBytes }: InputHolder): string {
    const kept = `${inputBytes} bytes of its input are incomplete or wait`;
    return this.#short
      ? `${kept}, and all input together takes ${this.#bytes} bytes, more than input_memory, ${this.#limit}`
      : `${kept}, more than the ${MAX_EACH} of a connection that does not publish`;
  }
}
