import type { MediaHandler } from "../rtmp/net-stream.ts";
import type { Redirect } from "./redirects.ts";

/**
 * How a stream from another server ended:
 * `unreachable`, the server does not answer anybody; `refused`, it said no, or closed on what we asked; `failed`, it is there
 * and has not answered what we asked; `absent`, it has no such stream; `ended`, the stream ran and the server told of its end;
 * `lost`, it ran and the connection closed or fell silent. Only `unreachable` says anything about the server's other streams.
 */
export type PullEnd =
  | {
      readonly how: "refused";
      readonly error: string;
      /** The server's own words. */
      readonly description: string;
      readonly redirect: Redirect | undefined;
    }
  | { readonly how: "unreachable" | "failed" | "absent" | "ended" | "lost"; readonly error: string };

/** What a server says of itself. */
export interface ServerWords {
  /** `""` when it does not say. */
  readonly name: string;
  /** The servers that the stream has passed, it last, as far as it says; they may change. */
  readonly hops: readonly string[];
}

/** What an inlet tells: `answered`, `started` at most once, then media, and `over` once, last, unless it is closed first. */
export interface PullClientEvents extends MediaHandler {
  /** The server is there: it has answered our handshake. Not every protocol has one. */
  answered?(): void;
  /** The server lets us have the stream; media may follow, now or later. */
  started(server: ServerWords): void;
  /** The stream has passed these servers. */
  rerouted?(hops: readonly string[]): void;
  /** The stream has this epoch (`Source.tellEpoch`). */
  epoch?(text: string, lost: boolean): void;
  over(end: PullEnd): void;
}

/** A connection to another server on which a stream comes in, whatever the protocol. */
export interface PullClient {
  /** Bytes received. */
  readonly bytes: number;
  /** Hangs up; nothing more is told. */
  close(): void;
}

/** Begins to connect. Events may come within the call. */
export type OpenPullClient = (events: PullClientEvents) => PullClient;
