import type { RequestHead } from "./request.ts";

/** The interim answer to a client that waits for it before it sends a body (RFC 9110, 10.1.1). */
export const continueAnswer: Uint8Array = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Collects the body of a request; the head gives its length. */
export class BodyReader {
  readonly #head: RequestHead;
  readonly #body: Uint8Array;
  #at = 0;

  constructor(head: RequestHead) {
    this.#head = head;
    this.#body = new Uint8Array(head.bodyBytes);
  }

  /** Bytes of memory held for the body. */
  get heldBytes(): number {
    return this.#body.length;
  }

  get whole(): boolean {
    return this.#at === this.#body.length;
  }

  /** Whether the client waits for `continueAnswer` before it sends the body. */
  get waitsForContinue(): boolean {
    return this.#head.minorVersion === 1 && this.#head.header("expect")?.toLowerCase() === "100-continue";
  }

  /** The request with its body. */
  get request(): RequestHead {
    return { ...this.#head, body: this.#body };
  }

  /** Copies what belongs to the body from `bytes`, beginning at `from`; returns the position after it. */
  push(bytes: Uint8Array, from: number): number {
    const end = Math.min(bytes.length, from + this.#body.length - this.#at);
    this.#body.set(bytes.subarray(from, end), this.#at);
    this.#at += end - from;
    return end;
  }
}
