import type { Transport } from "../../base/transport.ts";
import type { HttpFile } from "../../live/ports/http.ts";

/** So much of a file is in memory for a client at a time. */
const PIECE_BYTES = 256 * 1024;

/** Sends a part of a file, piece by piece as the client takes them. */
export class FileSender {
  readonly #file: HttpFile;
  readonly #transport: Transport;
  readonly #end: number;
  readonly #done: (problem: unknown) => void;
  #at: number;
  #state: "reading" | "blocked" | "over" = "blocked";

  /** The file is closed at the end. `done` is called once, with what went wrong if something did; not after `cancel`. */
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

  /** Begins, or goes on when the transport has room again. */
  resume(): void {
    if (this.#state !== "blocked") return;
    this.#state = "reading";
    this.#file.read(this.#at, Math.min(PIECE_BYTES, this.#end - this.#at)).then(
      (bytes) => this.#onRead(bytes),
      (problem: unknown) => this.#finish(problem),
    );
  }

  /** The client is gone. */
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
