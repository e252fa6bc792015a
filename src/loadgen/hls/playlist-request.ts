import { ProtocolError } from "../../base/errors.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import type { AnswerEvents } from "../http/connection.ts";
import { RefusalText } from "../http/refusal.ts";
import { type MediaPlaylist, type MultivariantPlaylist, readPlaylist } from "./playlist.ts";

/** A longer playlist is refused. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The result of a request for a playlist. */
export interface PlaylistEvents {
  playlist(list: MediaPlaylist | MultivariantPlaylist): void;
  /** It has not changed (304). */
  unchanged(): void;
  /** It is at another server, to which this answer leads. */
  redirected(head: ResponseHead): void;
  /** It could not be fetched. `absent`: the server does not have it, or not yet. */
  failed(reason: string, absent: boolean): void;
}

/** One player's requests for a playlist, one after another; conditional ones when the server gives an ETag. */
export class PlaylistRequest implements AnswerEvents {
  readonly #events: PlaylistEvents;
  #etag = "";
  #newEtag = "";
  #status = 0;
  #refusal: RefusalText | undefined;
  #redirect: ResponseHead | undefined;
  #text = "";
  #decoder = new TextDecoder();
  #bytes = 0;

  constructor(events: PlaylistEvents) {
    this.#events = events;
  }

  /** The header lines that the next request adds. */
  get headers(): string {
    return this.#etag === "" ? "" : `If-None-Match: ${this.#etag}\r\n`;
  }

  head(head: ResponseHead): void {
    this.#status = head.status;
    this.#text = "";
    this.#decoder = new TextDecoder();
    this.#bytes = 0;
    this.#newEtag = head.headers.get("etag") ?? "";
    const { status } = head;
    this.#redirect = status >= 300 && status < 400 && status !== 304 ? head : undefined;
    this.#refusal = status === 200 || status === 304 ? undefined : new RefusalText(head);
  }

  body(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_BYTES) throw new ProtocolError(`the playlist has more than ${MAX_BYTES} bytes`);
    if (this.#refusal === undefined) this.#text += this.#decoder.decode(bytes, { stream: true });
    else this.#refusal.push(bytes);
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
    try {
      list = readPlaylist(this.#text);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#events.failed(error.message, false);
      return;
    }
    this.#text = "";
    // A variant's playlist has an ETag of its own.
    this.#etag = list.kind === "media" ? this.#newEtag : "";
    this.#events.playlist(list);
  }
}
