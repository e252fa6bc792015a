import type { ConnectionServer } from "../../live/ports/connection-servers.ts";
import type { ConnectionEnds } from "../../live/ports/connections.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpContext } from "./context.ts";

/** The server's side of RTMP. */
export class RtmpServer implements ConnectionServer {
  readonly protocol = "rtmp";
  readonly #context: RtmpContext;

  constructor(context: RtmpContext) {
    this.#context = context;
  }

  accept(id: string, ends: ConnectionEnds): RtmpConnection {
    return new RtmpConnection(this.#context, id, ends);
  }
}
