import { ProtocolError } from "../../base/errors.ts";
import { copyBytes } from "../../base/memory.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import type { AnswerEvents } from "../http/connection.ts";
import { RefusalText } from "../http/refusal.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant.ts";
import type { OwnTokens } from "./own-tokens.ts";
import type { PlaylistStore } from "./playlist-store.ts";

/** A longer playlist is refused. */
const MAX_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 4096;
/** Maximum size of a buffer that is kept for the next answer: thousands of players have one each. */
const MAX_KEPT_BYTES = 64 * 1024;

/** The result of a request for a playlist. */
export interface PlaylistEvents {
  playlist(list: MediaPlaylist | MultivariantPlaylist): void;
  /** The playlist has not changed (304). */
  unchanged(): void;
  /** The answer redirects to another URL. */
  redirected(head: ResponseHead): void;
  /** The playlist could not be fetched. `absent`: the server does not have it, or not yet. */
  failed(reason: string, absent: boolean): void;
}

/** One player's requests for a playlist, one after another; conditional ones when the server gives an ETag. */
export class PlaylistRequest implements AnswerEvents {
  readonly #events: PlaylistEvents;
  readonly #store: PlaylistStore;
  readonly #tokens: OwnTokens;
  #etag = "";
  #newEtag = "";
  #status = 0;
  #refusal: RefusalText | undefined;
  #redirect: ResponseHead | undefined;
  #bytes = new Uint8Array(FIRST_BYTES);
  #have = 0;
  /** The newest media playlist. */
  #list: MediaPlaylist | undefined;

  /** Texts of the playlists have `tokens` masked. */
  constructor(store: PlaylistStore, tokens: OwnTokens, events: PlaylistEvents) {
    this.#store = store;
    this.#tokens = tokens;
    this.#events = events;
  }

  /** The header lines that the next request adds, if it is for the same URL as the last one. */
  get headers(): string {
    return this.#etag === "" ? "" : `If-None-Match: ${this.#etag}\r\n`;
  }

  head(head: ResponseHead): void {
    this.#status = head.status;
    this.#have = 0;
    this.#newEtag = head.headers.get("etag") ?? "";
    const { status } = head;
    this.#redirect = status >= 300 && status < 400 && status !== 304 ? head : undefined;
    this.#refusal = status === 200 || status === 304 ? undefined : new RefusalText(head);
  }

  body(bytes: Uint8Array): void {
    if (this.#refusal !== undefined) {
      this.#refusal.push(bytes);
      return;
    }
    const have = this.#have + bytes.length;
    if (have > MAX_BYTES) throw new ProtocolError(`the playlist has more than ${MAX_BYTES} bytes`);
    if (have > this.#bytes.length) {
      const larger = new Uint8Array(2 * have);
      copyBytes(larger, 0, this.#bytes, 0, this.#have);
      this.#bytes = larger;
    }
    copyBytes(this.#bytes, this.#have, bytes, 0, bytes.length);
    this.#have = have;
  }

  done(problem: string | undefined): void {
    if (this.#redirect !== undefined) this.#events.redirected(this.#redirect);
    else if (this.#refusal !== undefined) {
      const absent = this.#status === 404 || this.#status === 503;
      this.#events.failed(String(this.#refusal), absent);
    } else if (problem !== undefined) this.#events.failed(problem, false);
    else if (this.#status === 304) this.#events.unchanged();
    else this.#read();
  }

  #read(): void {
    let list: MediaPlaylist | MultivariantPlaylist;
    const bytes = this.#bytes.subarray(0, this.#have);
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = new Uint8Array(FIRST_BYTES);
    try {
      this.#tokens.mask(bytes);
      list = this.#store.read(bytes, this.#list);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#events.failed(error.message, false);
      return;
    }
    // A variant's playlist has an ETag of its own.
    this.#etag = list.kind === "media" ? this.#newEtag : "";
    if (list.kind === "media") this.#list = list;
    this.#events.playlist(list);
  }
}
