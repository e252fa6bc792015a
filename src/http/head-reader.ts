// Hot: once for each read of a connection between its requests.
import { HeadScanner } from "./head-scanner.ts";
import { interpretHead } from "./interpret-head.ts";
import { httpLimits } from "./limits.ts";
import type { HeadRefusal } from "./refusal.ts";
import type { RequestHead } from "./request.ts";

/** The result of reading some bytes. */
export type HeadResult =
  /** The head is incomplete; all bytes are kept. */
  | { readonly kind: "more" }
  /** `end` is where the head ends in the given bytes; the rest belongs to the next request. */
  | { readonly kind: "head"; readonly head: RequestHead; readonly end: number }
  /** The reader takes no more bytes: the caller answers and closes. */
  | { readonly kind: "refused"; readonly refusal: HeadRefusal };

const more: HeadResult = { kind: "more" };
const none = new Uint8Array(0);

/** Reads the heads of a connection's requests, strictly, in pieces of any size. */
export class RequestHeadReader {
  readonly #secure: boolean;
  readonly #maxBodyBytes: number;
  #scanner: HeadScanner;
  /** The part of a head from earlier calls; the array may be longer. */
  #kept: Uint8Array = none;
  #keptBytes = 0;
  #refusal: HeadRefusal | undefined;

  /** `secure`: the connection has TLS. `maxBodyBytes`: maximum size of a body; 0 forbids bodies and the methods that have them. */
  constructor(secure: boolean, maxBodyBytes = 0) {
    this.#secure = secure;
    this.#maxBodyBytes = maxBodyBytes;
    this.#scanner = new HeadScanner(maxBodyBytes);
  }

  /** Bytes of memory held for an incomplete head. */
  get heldBytes(): number {
    return this.#kept.length;
  }

  /** Whether a request is incomplete: closing the connection now would interrupt it. */
  get begun(): boolean {
    return this.#keptBytes > 0;
  }

  /** Takes `bytes` from `from` on, up to the end of a head, and copies an incomplete head. */
  push(bytes: Uint8Array, from = 0): HeadResult {
    if (this.#refusal !== undefined) return { kind: "refused", refusal: this.#refusal };
    const before = this.#keptBytes;
    const data = before === 0 ? (from === 0 ? bytes : bytes.subarray(from)) : this.#append(bytes, from);
    this.#scanner.scan(data);
    if (this.#scanner.refusal !== undefined) return this.#refuse(this.#scanner.refusal);
    if (this.#scanner.whole) return this.#finish(data, from - before);
    if (before === 0) {
      this.#kept = data.slice();
      this.#keptBytes = data.length;
    }
    return more;
  }

  /** All bytes of the head so far, in one array. At most a whole head is kept. */
  #append(bytes: Uint8Array, from: number): Uint8Array {
    const before = this.#keptBytes;
    const count = Math.min(bytes.length - from, httpLimits.headBytes - before);
    const needed = before + count;
    if (needed > this.#kept.length) {
      const larger = new Uint8Array(Math.min(httpLimits.headBytes, Math.max(needed, 2 * this.#kept.length)));
      larger.set(this.#kept.subarray(0, before));
      this.#kept = larger;
    }
    this.#kept.set(bytes.subarray(from, from + count), before);
    this.#keptBytes = needed;
    return this.#kept.subarray(0, needed);
  }

  /** `offset` converts a position in the head to one in the given bytes. */
  #finish(data: Uint8Array, offset: number): HeadResult {
    const scanner = this.#scanner;
    if (scanner.line === undefined) throw new Error("a head without a request line");
    const head = interpretHead(scanner.line, scanner.fields(data), this.#secure, this.#maxBodyBytes);
    if ("status" in head) return this.#refuse(head);
    this.#reset();
    return { kind: "head", head, end: scanner.length + offset };
  }

  #refuse(refusal: HeadRefusal): HeadResult {
    this.#reset();
    this.#refusal = refusal;
    return { kind: "refused", refusal };
  }

  #reset(): void {
    this.#scanner = new HeadScanner(this.#maxBodyBytes);
    this.#kept = none;
    this.#keptBytes = 0;
  }
}
