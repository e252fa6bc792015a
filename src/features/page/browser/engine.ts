import type { Way } from "./media-address.ts";

/** Why an attempt to play ended. */
export type Failure =
  /** The server refused with this status. `sentence` is its own line, or empty. */
  | { readonly kind: "status"; readonly status: number; readonly sentence: string; readonly retryAfterMs: number }
  /** The server reported the end of the stream. */
  | { readonly kind: "ended" }
  /** The server does not answer, or the connection broke. */
  | { readonly kind: "lost" }
  /** The connection is open, but the picture does not move. */
  | { readonly kind: "stalled" }
  /** Segments keep coming, but can't be played. */
  | { readonly kind: "stuck" }
  /** The browser has no decoder for the codec. */
  | { readonly kind: "codec"; readonly codec: string }
  /** The data are invalid, or the decoder failed. */
  | { readonly kind: "broken"; readonly detail: string }
  /** The player's own scripts could not be loaded. */
  | { readonly kind: "player" };

/** Figures of an engine; undefined: not known. */
export interface EngineFigures {
  /** How far the picture is behind the encoder by the server's programme date, s. */
  readonly delay?: number | undefined;
  readonly kbps?: number | undefined;
  readonly codecs?: string | undefined;
  readonly frameRate?: number | undefined;
  /** Number of segments loaded so far, of the kind (main, audio) that has the fewest. */
  readonly segments?: number | undefined;
}

/** One attempt to play one address in the page's video element. */
export interface Engine {
  figures(): EngineFigures;
  /** Closes the connection and frees the element. Nothing is reported afterwards. */
  close(): void;
}

/** Called by an engine when it fails, at most once. */
export type OnFailure = (failure: Failure) => void;

/** What an engine opens. */
export interface Attempt {
  /** Index of the server among the page's servers. */
  readonly server: number;
  readonly way: Way;
  readonly url: string;
  /** The stream's addresses on the other servers, the next one first. If there are any, a silent server is left soon. */
  readonly others: readonly string[];
}
