import type { PacketKind } from "../media/packet.ts";

/** Who publishes, as far as others care: relays pass the parameters and the hops on. */
export interface SourceInfo {
  /** The connection's id in the log. */
  readonly id: string;
  readonly remote: string;
  /** The publisher's URL parameters, `""` or `"?a=b"`. */
  readonly param: string;
  /** Ids of the servers that the stream came through, oldest first; a stream must not come to one of them again. */
  readonly hops: readonly string[];
}

/**
 * How a source ended: `unpublished`, it said so and players are told at once; `lost`, it vanished (closed, stalled) and
 * may come back, so players are told only after the grace time.
 */
export type SourceEnd = "unpublished" | "lost";

/** The active publisher of a stream. After `end`, `push` does nothing. */
export interface Source {
  readonly info: SourceInfo;
  readonly packets: number;
  readonly bytes: number;
  /** When it began, monotonic ms. */
  readonly since: number;
  /** One media message; `timestamp` is the wire's uint32 ms, `payload` becomes the stream's. */
  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3?: boolean): void;
  end(how: SourceEnd): void;
}
