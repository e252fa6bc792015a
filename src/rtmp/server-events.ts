import type { AmfValue } from "../amf/value.ts";
import type { ConnectRequest } from "./connect.ts";
import type { RandomFill } from "./handshake-digest.ts";
import type { RtmpLimits } from "./limits.ts";
import type { NetStream } from "./net-stream.ts";

/** What `play` asked for besides the name; seconds, as on the wire (RTMP 1.0, 7.2.2.1). */
export interface PlayRequest {
  readonly name: string;
  readonly start: number;
  readonly duration: number;
}

/** What a client wants of its connection. The answer comes now or later. */
export interface ConnectEvents {
  /** Answer: `acceptConnect` or `rejectConnect`. */
  connect(request: ConnectRequest): void;
}

/** What a client wants of its streams. Each request is answered by the method of `NetStream` that its line names, now or later. */
export interface StreamEvents {
  /** Answer: `stream.acceptPublish` or `stream.refuse`. */
  publish(stream: NetStream, name: string): void;
  /** Answer: `stream.acceptPlay` or `stream.refuse`. */
  play(stream: NetStream, request: PlayRequest): void;
  pause(stream: NetStream, paused: boolean): void;
  receive(stream: NetStream, kind: "audio" | "video", on: boolean): void;
  /** The client said play again for what the stream plays: it begins anew. */
  restart(stream: NetStream): void;
  /** A relay's stream comes over these servers now. */
  hops(stream: NetStream, hops: readonly string[]): void;
  /** A relay's stream has this epoch (`EPOCH_COMMAND`), as its server wrote it; `lost`: packets before those for which it holds are. */
  epoch(stream: NetStream, text: string, lost: boolean): void;
  /** The client ended what this stream was doing (FCUnpublish, closeStream, deleteStream, or another publish or play). */
  ended(stream: NetStream): void;
}

/** What the session needs from outside. */
export interface ServerOptions {
  readonly limits: RtmpLimits;
  readonly send: (bytes: Uint8Array) => void;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Fills a buffer with random bytes, for the handshake. */
  readonly random: RandomFill;
  /** Calls back in a later turn of the event loop; what that throws is as what `receive` throws. */
  readonly soon: (work: () => void) => void;
  /** Told to every client: name and version, and ids that find it again in this server's log. */
  readonly identity: Readonly<Record<string, AmfValue>>;
}
