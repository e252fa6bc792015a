import type { Transport } from "../../base/transport.ts";
import type { HttpFile } from "../../live/ports/http.ts";

/** Bytes of a file that are in memory for one client at a time. */
const PIECE_BYTES = 256 * 1024;

/** Sends a part of a file in pieces, as fast as the client takes them. */
export class FileSender {
  readonly #file: HttpFile;
  readonly #transport: Transport;
  readonly #end: number;
  readonly #done: (problem: unknown) => void;
  #at: number;
  #state: "reading" | "blocked" | "over" = "blocked";

  /** Closes the file at the end and calls `done` once, with the problem if there was one. After `cancel`, `done` is not called. */
  constructor(
    file: HttpFile,
    part: { readonly start: number; readonly end: number },
    transport: Transport,
    done: (problem: unknown) => void,
  ) {
    this.#file = file;
    this.#transport = transport;
    this.#at = part.start;
    this.#end = part.end;
    this.#done = done;
  }

  /** Begins, or continues when the transport has room again. */
  resume(): void {
    if (this.#state !== "blocked") return;
    this.#state = "reading";
    this.#file.read(this.#at, Math.min(PIECE_BYTES, this.#end - this.#at)).then(
      (bytes) => this.#onRead(bytes),
      (problem: unknown) => this.#finish(problem),
    );
  }

  /** Closes the file and sends no more: the client is gone. */
  cancel(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#file.close();
  }

  #onRead(bytes: Uint8Array): void {
    if (this.#state === "over") return;
    if (bytes.length === 0) {
      this.#finish(new Error("the file has become shorter"));
      return;
    }
    this.#at += bytes.length;
    const hasRoom = this.#transport.send(bytes);
    this.#state = "blocked";
    if (this.#at >= this.#end) this.#finish(undefined);
    else if (hasRoom) this.resume();
  }

  #finish(problem: unknown): void {
    if (this.#state === "over") return;
    this.cancel();
    this.#done(problem);
  }
}
