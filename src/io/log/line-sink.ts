import type { LineOutput } from "./line-output.ts";

/** Receives finished lines. */
export interface LineSink {
  /** Takes one line, without its line feed. */
  write(line: string): void;
}

/** The sink's dependencies. */
export interface SinkOptions {
  /** The line that reports this many lost lines. */
  lostLine(count: number): string;
  /** Called once when writing begins to fail; not for a reader that is only slow. */
  onFailure(error: NodeJS.ErrnoException): void;
}

/** Bytes that may wait for a reader; further lines are dropped, so that the log cannot fill the memory. */
const maxWaitingBytes = 8 * 1024 * 1024;
/** Time before a full pipe is tried again. */
const retryMs = 20;
/** Time before an output with another error, such as a full disk, is tried again. */
const failedRetryMs = 1000;
/** A write that takes longer than this has a reader that does not read: waiting for it could take forever. */
const stalledMs = 200;
const lineFeed = 0x0a;

/** The bytes being written, and how many of them are written. */
interface Writing {
  readonly bytes: Uint8Array;
  offset: number;
  readonly since: number;
  /** The delay before the next try; undefined while a write is under way. */
  retry: Timer | undefined;
}

/**
 * Collects lines and writes them once a turn, off the event loop. A blocked output (slow reader, full disk) delays nothing:
 * lines wait up to a limit, and lines beyond the limit are counted and lost.
 */
export class BufferedSink implements LineSink {
  readonly #options: SinkOptions;
  #output: LineOutput;
  /** The output that replaces `#output` once no write is under way, and the bytes that the old output gets before. */
  #next: LineOutput | undefined;
  #last: Uint8Array | undefined;
  #lines: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #lost = 0;
  #scheduled = false;
  /** The reader is gone for good. */
  #closed = false;
  #failing = false;
  /** The bytes being written and their offset; undefined when there are none. */
  #current: Writing | undefined;
  #idle: (() => void)[] = [];

  constructor(output: LineOutput, options: SinkOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** Lines lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (this.#closed || this.#waitingBytes > maxWaitingBytes) {
      this.#dropped++;
      this.#lost++;
      return;
    }
    this.#lines.push(line);
    this.#waitingBytes += line.length;
    if (this.#scheduled || this.#current) return;
    this.#scheduled = true;
    setImmediate(() => this.#start());
  }

  /**
   * Later lines go to `output`; the old output gets the waiting lines and is closed. If it can't take them, they go to
   * `output`, too: no line is lost or cut.
   */
  use(output: LineOutput): void {
    this.#next?.close();
    this.#next = output;
    const current = this.#current;
    if (current?.retry !== undefined) {
      clearTimeout(current.retry);
      this.#moveOn(current);
      return;
    }
    if (this.#lines.length > 0) this.#last = joined(this.#last, this.#take());
    if (current === undefined && this.#last === undefined) this.#swap();
  }

  /** Resolves when all lines so far are written, or never will be. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0 && !this.#current && !this.#last) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Writes the waiting lines at the end of the process. Gives up if the reader does not read. */
  flushSync(): void {
    const current = this.#current;
    if (this.#closed || (current && performance.now() - current.since > stalledMs)) return;
    try {
      if (current?.retry !== undefined) this.#writeSync(current.bytes, current.offset);
      this.#writeSync(joined(this.#last, this.#take()), 0);
    } catch {
      // There is no output left to report this to.
    }
  }

  #writeSync(bytes: Uint8Array, from: number): void {
    for (let offset = from; offset < bytes.length; ) offset += this.#output.writeSync(bytes, offset);
  }

  #start(): void {
    this.#scheduled = false;
    if (this.#current) return;
    if (this.#last === undefined) this.#swap();
    const bytes = this.#last ?? this.#take();
    this.#last = undefined;
    if (bytes.length === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#current = { bytes, offset: 0, since: performance.now(), retry: undefined };
    this.#continue(this.#current);
  }

  #continue(current: Writing): void {
    current.retry = undefined;
    this.#output.write(current.bytes, current.offset, (error, written) => this.#written(current, error, written));
  }

  /** Continues with the next output. A line begun in the old one is written completely to the new one. */
  #moveOn(current: Writing): void {
    current.offset = current.bytes.lastIndexOf(lineFeed, current.offset - 1) + 1;
    this.#swap();
    this.#continue(current);
  }

  #written(current: Writing, error: NodeJS.ErrnoException | null, written: number): void {
    if (error === null) {
      this.#failing = false;
      current.offset += written;
    } else if (this.#next !== undefined) {
      this.#moveOn(current);
      return;
    } else if (error.code === "EPIPE") {
      this.#closed = true;
      this.#lost += linesIn(current.bytes, current.offset);
      current.offset = current.bytes.length;
    } else {
      const waitMs = error.code === "EAGAIN" ? retryMs : failedRetryMs;
      if (error.code !== "EAGAIN" && !this.#failing) {
        this.#failing = true;
        this.#options.onFailure(error);
      }
      current.retry = setTimeout(() => this.#continue(current), waitMs);
      return;
    }
    if (current.offset < current.bytes.length) {
      this.#continue(current);
      return;
    }
    this.#current = undefined;
    this.#start();
  }

  #swap(): void {
    if (this.#next === undefined) return;
    this.#output.close();
    this.#output = this.#next;
    this.#next = undefined;
    this.#closed = false;
    this.#failing = false;
  }

  #take(): Uint8Array {
    const lines = this.#lines;
    if (this.#dropped > 0) lines.push(this.#options.lostLine(this.#dropped));
    this.#lines = [];
    this.#waitingBytes = 0;
    this.#dropped = 0;
    return lines.length > 0 ? new TextEncoder().encode(`${lines.join("\n")}\n`) : new Uint8Array(0);
  }
}

function joined(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function linesIn(bytes: Uint8Array, from: number): number {
  let count = 0;
  for (let at = bytes.indexOf(lineFeed, from); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) count++;
  return count;
}
