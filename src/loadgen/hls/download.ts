// Hot: body runs for each piece that each player receives.
import type { Clock } from "../../base/clock.ts";
import { ProtocolError, UserError } from "../../base/errors.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import type { AnswerEvents } from "../http/connection.ts";
import type { Fetcher } from "../http/fetcher.ts";
import { redirectedTo } from "../http/redirect.ts";
import { RefusalText } from "../http/refusal.ts";

/** Takes a file's bytes. Throws ProtocolError when they can't be those of the file. */
export interface FileSink {
  /** Takes a part at offset `at`; false: another player received other bytes there. */
  take(at: number, part: Uint8Array): boolean;
}

/** The result of a download. */
export interface Downloaded {
  /** Why the download failed; undefined: the file is complete. */
  readonly problem: string | undefined;
  readonly bytes: number;
  /** Whether another player received other bytes. */
  readonly differs: boolean;
  /** From the answer's first byte to its last. */
  readonly ms: number;
}

/** One player's downloads, one after another over one connection. */
export class Download implements AnswerEvents {
  readonly #fetcher: Fetcher;
  readonly #clock: Clock;
  #sink: FileSink | undefined;
  #done: ((result: Downloaded) => void) | undefined;
  #have = 0;
  #differs = false;
  #refusal: RefusalText | undefined;
  #url: URL | undefined;
  #waitMs = 0;
  /** Redirects of this file so far, and where the newest one leads. */
  #redirects = 0;
  #to: URL | undefined;
  #headMs = 0;

  constructor(fetcher: Fetcher, clock: Clock) {
    this.#fetcher = fetcher;
    this.#clock = clock;
  }

  /** Whether a download is in progress. */
  get busy(): boolean {
    return this.#done !== undefined;
  }

  /** Requests a file. The answer may take `waitMs` longer than usual; `done` is called once. */
  get(url: URL, sink: FileSink, waitMs: number, done: (result: Downloaded) => void): void {
    this.#sink = sink;
    this.#done = done;
    this.#waitMs = waitMs;
    this.#redirects = 0;
    this.#ask(url);
  }

  head(head: ResponseHead): void {
    this.#headMs = this.#clock.now();
    this.#to = this.#url && redirectedTo(head, this.#url, this.#redirects++);
    this.#refusal = head.status === 200 ? undefined : new RefusalText(head);
  }

  body(bytes: Uint8Array): void {
    if (this.#refusal !== undefined) {
      this.#refusal.push(bytes);
      return;
    }
    if (!this.#differs && this.#sink?.take(this.#have, bytes) === false) this.#differs = true;
    this.#have += bytes.length;
  }

  done(problem: string | undefined): void {
    const to = this.#to;
    if (to !== undefined && problem === undefined) {
      this.#ask(to);
      return;
    }
    const done = this.#done;
    this.#done = undefined;
    const ms = this.#clock.now() - this.#headMs;
    done?.({ problem: this.#refusal?.toString() ?? problem, bytes: this.#have, differs: this.#differs, ms });
  }

  #ask(url: URL): void {
    this.#url = url;
    this.#to = undefined;
    this.#have = 0;
    this.#differs = false;
    this.#refusal = undefined;
    try {
      this.#fetcher.get(url, "", this, this.#waitMs);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.done(error.message);
    }
  }
}

/** A short file of one player, which is not compared with others. */
export class SmallFile implements FileSink {
  readonly #bytes: Uint8Array;
  #have = 0;

  /** A file of more than `maxBytes` is refused. */
  constructor(maxBytes: number) {
    this.#bytes = new Uint8Array(maxBytes);
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#have);
  }

  take(at: number, part: Uint8Array): boolean {
    this.#have = at + part.length;
    if (this.#have > this.#bytes.length) throw new ProtocolError(`it has more than ${this.#bytes.length} bytes`);
    this.#bytes.set(part, at);
    return true;
  }
}
