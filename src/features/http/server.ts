import { DateHeader } from "../../http/http-date.ts";
import type { ConnectionServer } from "../../live/ports/connection-servers.ts";
import type { ConnectionAccount, ConnectionEnds } from "../../live/ports/connections.ts";
import { HttpConnection } from "./connection.ts";
import type { HttpContext } from "./context.ts";
import { healthRoute } from "./health.ts";

/** The server's side of HTTP/1.1, for viewers or for administration. Features answer its requests by their routes. */
export class HttpServer implements ConnectionServer {
  readonly protocol: HttpContext["protocol"];
  readonly account: ConnectionAccount | undefined;
  readonly #context: HttpContext;

  /** `account` counts this server's connections, if the account of all protocols doesn't. */
  constructor(options: Omit<HttpContext, "dates">, account?: ConnectionAccount) {
    this.account = account;
    this.protocol = options.protocol;
    const routes = [healthRoute(options), ...options.routes];
    this.#context = { ...options, routes, dates: new DateHeader() };
  }

  accept(id: string, ends: ConnectionEnds): HttpConnection {
    return new HttpConnection(this.#context, id, ends);
  }
}
