import type { BenchContext } from "../context.ts";
import type { Group } from "../group.ts";
import { type AnswerEvents, HttpConnection } from "./connection.ts";
import { httpAddress } from "./target.ts";

/** Requests to any servers, one after another; the connection stays open while they go to the same server. */
export class Fetcher {
  readonly #context: BenchContext;
  readonly #group: Group;
  #connection: HttpConnection | undefined;
  #bytesBefore = 0;

  constructor(context: BenchContext, group: Group) {
    this.#context = context;
    this.#group = group;
  }

  get bytesReceived(): number {
    return this.#bytesBefore + (this.#connection?.bytesReceived ?? 0);
  }

  /**
   * Requests a URL; one request at a time. `headers` are further lines; the server may take `waitMs` longer than usual. Throws
   * UserError for a URL that is not HTTP's.
   */
  get(url: URL, headers: string, events: AnswerEvents, waitMs = 0): void {
    const address = httpAddress(url);
    const now = this.#connection?.address;
    if (now?.host !== address.host || now.port !== address.port || now.tls !== address.tls) {
      this.#bytesBefore = this.bytesReceived;
      this.#connection?.close();
      this.#connection = new HttpConnection(this.#context, this.#group, address);
    }
    this.#connection?.request(url, headers, events, waitMs);
  }

  /** Closes the connection; no more notifications follow. */
  close(): void {
    this.#connection?.close();
  }
}
