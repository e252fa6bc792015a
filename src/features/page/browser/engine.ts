import type { Way } from "./media-address.ts";

/** Why an attempt to play came to its end. */
export type Failure =
  /** The server answered so. `sentence` is its own line, or empty. */
  | { readonly kind: "status"; readonly status: number; readonly sentence: string; readonly retryAfterMs: number }
  /** The server said that the stream is over. */
  | { readonly kind: "ended" }
  /** The server does not answer, or the connection broke. */
  | { readonly kind: "lost" }
  /** The connection is there, and no picture comes. */
  | { readonly kind: "stalled" }
  /** The browser has no decoder for it. */
  | { readonly kind: "codec"; readonly codec: string }
  /** The data make no sense, or the decoder gave up. */
  | { readonly kind: "broken"; readonly detail: string }
  /** The player's own scripts could not be loaded. */
  | { readonly kind: "player" };

/** What an engine reports of itself. Undefined: not known. */
export interface EngineFigures {
  /** How far the picture is behind the encoder by the server's programme date, s. */
  readonly delay?: number | undefined;
  readonly kbps?: number | undefined;
  readonly codecs?: string | undefined;
  readonly frameRate?: number | undefined;
}

/** One attempt to play one address in the page's video element. */
export interface Engine {
  figures(): EngineFigures;
  /** Lets go of the connection and of the element. Nothing is reported after it. */
  close(): void;
}

/** Whom an engine reports to, at most once. */
export type OnFailure = (failure: Failure) => void;

/** What is to be opened. */
export interface Attempt {
  /** Which of the page's servers, from 0. */
  readonly server: number;
  readonly way: Way;
  readonly url: string;
  /** The stream's addresses on the other servers, the next one first. Where there are any, a server that is silent is left soon. */
  readonly others: readonly string[];
}
