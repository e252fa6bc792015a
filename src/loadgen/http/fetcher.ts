import type { ResponseHead } from "../../io/net/http-response.ts";
import type { BenchContext } from "../context.ts";
import type { Group } from "../group.ts";
import { type AnswerEvents, HttpConnection } from "./connection.ts";
import type { Cookies } from "./cookies.ts";
import { type HttpAddress, httpAddress } from "./target.ts";

/** Requests to any servers, one after another; the connection stays open while they go to the same server. */
export class Fetcher implements AnswerEvents {
  readonly #context: BenchContext;
  readonly #group: Group;
  readonly #cookies: Cookies;
  #connection: HttpConnection | undefined;
  #bytesBefore = 0;
  #url: URL | undefined;
  #events: AnswerEvents | undefined;

  constructor(context: BenchContext, group: Group, cookies: Cookies) {
    this.#context = context;
    this.#group = group;
    this.#cookies = cookies;
  }

  get bytesReceived(): number {
    return this.#bytesBefore + (this.#connection?.bytesReceived ?? 0);
  }

  /** Whether an answer is awaited. */
  get busy(): boolean {
    return this.#events !== undefined;
  }

  /**
   * Requests a URL; one request at a time. `headers` are further lines; the server may take `waitMs` longer than usual. Throws
   * UserError for a URL that is not HTTP's.
   */
  get(url: URL, headers: string, events: AnswerEvents, waitMs = 0): void {
    const address = httpAddress(url);
    const now = this.#connection?.address;
    if (now?.host !== address.host || now.port !== address.port || now.tls !== address.tls) this.#connect(address);
    this.#url = url;
    this.#events = events;
    this.#connection?.request(url, `${headers}${this.#cookies.line(url)}`, this, waitMs);
  }

  /** Abandons the request that is in progress, with its connection, as browsers do. */
  abandon(): void {
    if (!this.busy) return;
    this.#events = undefined;
    this.#connection?.abort();
    this.#bytesBefore = this.bytesReceived;
    this.#connection = undefined;
  }

  head(head: ResponseHead): void {
    if (this.#url !== undefined) this.#cookies.take(this.#url, head);
    this.#events?.head(head);
  }

  body(bytes: Uint8Array): void {
    this.#events?.body(bytes);
  }

  done(problem: string | undefined): void {
    const events = this.#events;
    this.#events = undefined;
    events?.done(problem);
  }

  /** Closes the connection; no more notifications follow. */
  close(): void {
    this.#connection?.close();
  }

  #connect(address: HttpAddress): void {
    this.#bytesBefore = this.bytesReceived;
    this.#connection?.close();
    this.#connection = new HttpConnection(this.#context, this.#group, address);
  }
}
