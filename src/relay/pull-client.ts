import type { EpochCommandArguments } from "../rtmp/connect.ts";
import type { MediaHandler } from "../rtmp/net-stream.ts";
import type { Redirect } from "./redirects.ts";

/**
 * How a stream from another server ended:
 * `unreachable`, the server does not respond at all; `unanswered`, it accepts connections but has not answered this request;
 * `refused`, it refused, or closed on our request; `failed`, it is alive, but this attempt failed; `absent`, it lacks the stream;
 * `ended`, the stream ran and the server ended it; `lost`, the stream ran, and the connection closed or fell silent.
 * Only `unreachable` concerns the server's other streams, too.
 */
export type PullEnd =
  | {
      readonly how: "refused";
      readonly error: string;
      /** The server's own sentence. */
      readonly description: string;
      readonly redirect: Redirect | undefined;
    }
  | { readonly how: "unreachable" | "unanswered" | "failed" | "absent" | "ended" | "lost"; readonly error: string };

/** A server's description of itself. */
export interface ServerWords {
  /** `""` when the server does not report one. */
  readonly name: string;
  /** The servers that the stream has passed, this server last, as far as known; they may change. */
  readonly hops: readonly string[];
}

/** Callbacks of a pull client: `answered`, `started` at most once, then media, and `over` once, last, unless it is closed first. */
export interface PullClientEvents extends MediaHandler {
  /** The connection is open, for protocols without a handshake of their own; the program behind it may still be dead. */
  connected?(): void;
  /** The server is alive: it has answered our handshake or our request. */
  answered?(): void;
  /** The server accepts our request; media may follow, now or later. */
  started(server: ServerWords): void;
  /** The stream has passed these servers. */
  rerouted?(hops: readonly string[]): void;
  /** The stream has this epoch (`Source.receiveEpoch`). */
  epoch?(...args: EpochCommandArguments): void;
  /** The age of the stream's packets when they arrive here, ms; undefined: unknown. */
  age?(ms: number | undefined): void;
  over(end: PullEnd): void;
}

/** A connection to another server that receives a stream, whatever the protocol. */
export interface PullClient {
  /** Bytes received. */
  readonly bytes: number;
  /** Closes the connection; no callback follows. */
  close(): void;
}

/** Begins to connect. Callbacks may come within the call. */
export type OpenPullClient = (events: PullClientEvents) => PullClient;
