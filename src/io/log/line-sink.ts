import type { LineOutput } from "./line-output.ts";

/** Where finished lines go. */
export interface LineSink {
  /** Takes one line, without its line feed. */
  write(line: string): void;
}

/** What a sink needs to know of its surroundings. */
export interface SinkOptions {
  /** The line that tells of so many lost ones. */
  lostLine(count: number): string;
  /** Writing fails, for as long as the reason lasts: told once. Not of a reader that is merely slow. */
  onFailure(error: NodeJS.ErrnoException): void;
}

/** More than this waiting for a reader that takes nothing is dropped, so that the log cannot eat the memory. */
const maxWaitingBytes = 8 * 1024 * 1024;
/** A pipe that is full is tried again after this long. */
const retryMs = 20;
/** A disk that is full, after this long. */
const failedRetryMs = 1000;
/** A write under way for longer than this has a reader that does not read: waiting for it could take for ever. */
const stalledMs = 200;
const lineFeed = 0x0a;

/** Bytes under way, and how many of them have left. */
interface Writing {
  readonly bytes: Uint8Array;
  offset: number;
  readonly since: number;
  /** What is waited for before they are tried again; undefined while they are being written. */
  retry: Timer | undefined;
}

/**
 * Collects lines and writes them once a turn, off the event loop. An output that takes nothing, because its reader is slow
 * or its disk full, delays nobody: lines wait for it up to a limit, and those beyond are lost and counted.
 */
export class BufferedSink implements LineSink {
  readonly #options: SinkOptions;
  #output: LineOutput;
  /** What comes in the place of `#output` as soon as nothing is being written, and what that one gets before. */
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
  /** What is being written, and from where on; undefined when nothing is. */
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
   * Lines from now on go to `output`; the one before it gets those that wait, and is closed. When it can't take them they go
   * to `output`, too: no line is lost or cut.
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

  /** Resolves when all that was written so far has left, or never will. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0 && !this.#current && !this.#last) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Writes what waits, for the last moment of the process. Gives up on a reader that does not read. */
  flushSync(): void {
    const current = this.#current;
    if (this.#closed || (current && performance.now() - current.since > stalledMs)) return;
    try {
      if (current?.retry !== undefined) this.#writeSync(current.bytes, current.offset);
      this.#writeSync(joined(this.#last, this.#take()), 0);
    } catch {
      // Nobody is left to be told.
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

  /** Goes on in the next output. A line that has begun in the old one is written whole to the new one. */
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
