import { reasonPhrase } from "../../http/status.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";

/** A longer sentence is cut. */
const MAX_BYTES = 512;

/** Collects the text of a refusing answer, for the report. */
export class RefusalText {
  readonly #head: ResponseHead;
  readonly #bytes = new Uint8Array(MAX_BYTES);
  #length = 0;

  /** `head` is that of the refusing answer. */
  constructor(head: ResponseHead) {
    this.#head = head;
  }

  /** A part of the answer's body. */
  push(bytes: Uint8Array): void {
    const part = bytes.subarray(0, MAX_BYTES - this.#length);
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  /** The reason, in the server's own words if there are any, else by the status. */
  toString(): string {
    const { status, headers } = this.#head;
    const location = headers.get("location");
    if (status >= 300 && status < 400 && location !== undefined)
      return `redirected to ${location} (HTTP ${status}), which is not followed: it is the fourth in a row, or leads to another protocol`;
    const plain = (headers.get("content-type") ?? "text/plain").startsWith("text/plain");
    const said = plain ? new TextDecoder().decode(this.#bytes.subarray(0, this.#length)) : "";
    const words = said.trim().split("\n", 1)[0]?.trim() || reasonPhrase(status);
    return `refused: ${words === "" ? "no reason given" : words} (HTTP ${status})`;
  }
}
