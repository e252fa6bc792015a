// Hot: push runs for each packet.
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

/** The stream that a source feeds. */
export interface SourceOwner {
  push(source: LiveSource, kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void;
  endSource(source: LiveSource, how: SourceEnd): void;
}

/** A stream's own side of `Source`. */
export class LiveSource implements Source {
  readonly info: SourceInfo;
  readonly since: number;
  packets = 0;
  bytes = 0;
  /** The track whose key frames begin GOPs: the lowest that had one; -1 before the first. */
  keyTrack = -1;
  readonly #owner: SourceOwner;

  constructor(owner: SourceOwner, info: SourceInfo, since: number) {
    this.#owner = owner;
    this.info = info;
    this.since = since;
  }

  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3 = false): void {
    this.packets++;
    this.bytes += payload.length;
    this.#owner.push(this, kind, timestamp, payload, amf3);
  }

  end(how: SourceEnd): void {
    this.#owner.endSource(this, how);
  }

  /** Whether a video frame has a key frame before it (or is one). */
  decodable(key: boolean, track: number): boolean {
    if (key && (this.keyTrack < 0 || track < this.keyTrack)) this.keyTrack = track;
    return this.keyTrack >= 0;
  }
}
