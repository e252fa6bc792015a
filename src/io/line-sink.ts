import { write, writeSync } from "node:fs";

/** Where finished lines go. */
export interface LineSink {
  /** Takes one line, without its line feed. */
  write(line: string): void;
}

/** How a sink reaches the outside; a test passes its own. */
export interface LineOutput {
  /** Writes some of `bytes`, from `offset` on, without blocking; `done` gets how many, or the error. */
  write(bytes: Uint8Array, offset: number, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  /** The same, blocking. */
  writeSync(bytes: Uint8Array, offset: number): number;
}

/** More than this waiting for a reader that takes nothing is dropped, so that the log cannot eat the memory. */
const mostWaitingBytes = 8 * 1024 * 1024;
/** A pipe that is full is tried again after this long. */
const retryMs = 20;
/** A write under way for longer than this has a reader that does not read: waiting for it could take for ever. */
const stalledMs = 200;

/** Bytes under way, and how many of them have left. */
interface Writing {
  readonly bytes: Uint8Array;
  offset: number;
  readonly since: number;
}

/** Collects lines and writes them once a turn, off the event loop. A slow reader loses lines, which are counted, and delays nobody. */
export class BufferedSink implements LineSink {
  readonly #output: LineOutput;
  #lines: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #scheduled = false;
  #closed = false;
  /** What is being written, and from where on; undefined when nothing is. */
  #current: Writing | undefined;
  #idle: (() => void)[] = [];

  constructor(output: LineOutput) {
    this.#output = output;
  }

  write(line: string): void {
    if (this.#closed) return;
    if (this.#waitingBytes > mostWaitingBytes) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#waitingBytes += line.length;
    if (this.#scheduled || this.#current) return;
    this.#scheduled = true;
    setImmediate(() => this.#start());
  }

  /** Resolves when all that was written so far has left, or never will. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0 && !this.#current) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Writes what waits, for the last moment of the process. Gives up on a reader that does not read. */
  flushSync(): void {
    const current = this.#current;
    if (current && performance.now() - current.since > stalledMs) return;
    try {
      for (let bytes = this.#take(), offset = 0; offset < bytes.length; )
        offset += this.#output.writeSync(bytes, offset);
    } catch {
      // Nobody is left to be told.
    }
  }

  #start(): void {
    this.#scheduled = false;
    if (this.#current) return;
    const bytes = this.#take();
    if (bytes.length === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#current = { bytes, offset: 0, since: performance.now() };
    this.#continue(this.#current);
  }

  #continue(current: Writing): void {
    this.#output.write(current.bytes, current.offset, (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => this.#continue(current), retryMs);
        return;
      }
      // The reader is gone for good. A full disk may have room again.
      if (error?.code === "EPIPE") this.#closed = true;
      current.offset = error ? current.bytes.length : current.offset + written;
      if (current.offset < current.bytes.length) {
        this.#continue(current);
        return;
      }
      this.#current = undefined;
      this.#start();
    });
  }

  #take(): Uint8Array {
    const lines = this.#lines;
    if (this.#dropped > 0) lines.push(`(${this.#dropped} log lines lost: the log's reader was too slow)`);
    this.#lines = [];
    this.#waitingBytes = 0;
    this.#dropped = 0;
    return lines.length > 0 ? new TextEncoder().encode(`${lines.join("\n")}\n`) : new Uint8Array(0);
  }
}

/** Standard output. What waits is written when the process exits. */
export function standardOutput(): BufferedSink {
  const sink = new BufferedSink({
    write: (bytes, offset, done) => write(1, bytes, offset, bytes.length - offset, null, done),
    writeSync: (bytes, offset) => writeSync(1, bytes, offset),
  });
  process.on("exit", () => sink.flushSync());
  return sink;
}
