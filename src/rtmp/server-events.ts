import type { AmfValue } from "../amf/value.ts";
import type { ConnectRequest, EpochCommandArguments } from "./connect.ts";
import type { RandomFill } from "./handshake-digest.ts";
import type { RtmpLimits } from "./limits.ts";
import type { NetStream } from "./net-stream.ts";

/** The options of `play` besides the name; seconds, as on the wire (RTMP 1.0, 7.2.2.1). */
export interface PlayRequest {
  readonly name: string;
  readonly start: number;
  readonly duration: number;
}

/** A client's requests for its connection. The answer may come at once or later. */
export interface ConnectEvents {
  /** Answer: `acceptConnect` or `rejectConnect`. */
  connect(request: ConnectRequest): void;
}

/** A client's requests for its streams. The named method of `NetStream` answers each, at once or later. */
export interface StreamEvents {
  /** Answer: `stream.acceptPublish` or `stream.refuse`. */
  publish(stream: NetStream, name: string): void;
  /** Answer: `stream.acceptPlay` or `stream.refuse`. */
  play(stream: NetStream, request: PlayRequest): void;
  pause(stream: NetStream, paused: boolean): void;
  receive(stream: NetStream, kind: "audio" | "video", on: boolean): void;
  /** The client has repeated play for a playing stream: it begins anew. */
  restart(stream: NetStream): void;
  /** A relay's stream has passed these servers. */
  hops(stream: NetStream, hops: readonly string[]): void;
  /** A relay's stream has this epoch (`EPOCH_COMMAND`), as its server wrote it. */
  epoch(stream: NetStream, ...args: EpochCommandArguments): void;
  /** The age of a relay's packets when they arrive, ms, as its server reports it; undefined: unknown to it. */
  age(stream: NetStream, ms: number | undefined): void;
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
  /** Runs a function in a later turn of the event loop; treats its exceptions like those of `receive`. */
  readonly soon: (work: () => void) => void;
  /** Sent to every client: name and version, and ids that find the client in this server's log. */
  readonly identity: Readonly<Record<string, AmfValue>>;
}
