import type { Timer } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import { Fetcher } from "../http/fetcher.ts";
import { redirectedTo } from "../http/redirect.ts";
import { RefusalText } from "../http/refusal.ts";
import type { HlsContext, ViewerContext } from "./context.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant.ts";
import { type PlaylistEvents, PlaylistRequest } from "./playlist-request.ts";
import { type Reload, reloadOf, withDirectives } from "./reload.ts";

const RETRY_MS = 1000;
const NOWHERE = new URL("http://localhost");

/** A request at once, for the playlist as it is now. */
const PLAIN: Reload = { afterMs: 0, directives: "", waitMs: 0 };

const RETRY: Reload = { ...PLAIN, afterMs: RETRY_MS };

/** What happens to a playlist. The owner may close the loader, or send it to another playlist, in each call. */
export interface LoaderEvents {
  /** A multivariant playlist came; nothing more is loaded before `go`. */
  multivariant(list: MultivariantPlaylist, url: URL): void;
  /** A media playlist came; `url` is its address, after redirects. */
  media(list: MediaPlaylist, url: URL): void;
  /**
   * The playlist could not be loaded, `failures` times in a row; nothing more is loaded before `again` or `go`. `absent`: the server does not
   * have it, or not yet.
   */
  unloaded(reason: string, failures: number, absent: boolean): void;
}

/** Loads one playlist again and again, as hls.js does, over a connection of its own. */
export class PlaylistLoader implements PlaylistEvents {
  readonly #context: HlsContext;
  readonly #viewer: ViewerContext;
  readonly #events: LoaderEvents;
  readonly #fetcher: Fetcher;
  #request: PlaylistRequest;
  #url = NOWHERE;
  /** When the playlist was last requested; monotonic ms. */
  #askedMs = 0;
  #failures = 0;
  /** Redirects in a row. */
  #redirects = 0;
  /** How the playlist was last requested, or will be next. */
  #reload = PLAIN;
  #list: MediaPlaylist | undefined;
  #timer: Timer | undefined;
  #over = false;

  /** Loads nothing before `go`. */
  constructor(context: HlsContext, viewer: ViewerContext, events: LoaderEvents) {
    this.#context = context;
    this.#viewer = viewer;
    this.#events = events;
    this.#fetcher = new Fetcher(context, context.group, viewer.cookies);
    this.#request = new PlaylistRequest(context.playlists, viewer.tokens, this);
  }

  get bytesReceived(): number {
    return this.#fetcher.bytesReceived;
  }

  /** Loads this playlist from now on, and for the first time if none was loaded. */
  go(url: URL): void {
    this.#fetcher.abandon();
    this.#viewer.tokens.learn(url);
    this.#url = url;
    this.#list = undefined;
    this.#failures = 0;
    this.#redirects = 0;
    this.#reload = PLAIN;
    this.#request = new PlaylistRequest(this.#context.playlists, this.#viewer.tokens, this);
    this.#ask();
  }

  /** Loads the whole playlist again after a failure; returns when, monotonic ms. */
  again(): number {
    this.#loadAgain(RETRY);
    return this.#askedMs + RETRY_MS;
  }

  close(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#fetcher.close();
  }

  playlist(list: MediaPlaylist | MultivariantPlaylist): void {
    this.#redirects = 0;
    if (list.kind === "multivariant") {
      this.#events.multivariant(list, this.#url);
      return;
    }
    const { hls } = this.#context;
    hls.playlists++;
    if (list.skipped > 0) hls.deltas++;
    this.#failures = 0;
    const before = this.#list;
    this.#list = list;
    if (!list.ended) this.#loadAgain(reloadOf(list, before));
    this.#events.media(list, this.#url);
  }

  unchanged(): void {
    this.#context.hls.notModified++;
    this.#failures = 0;
    if (this.#list === undefined) this.#loadAgain(RETRY);
    else this.#loadAgain(reloadOf(this.#list, this.#list));
  }

  redirected(head: ResponseHead): void {
    const to = redirectedTo(head, this.#url, this.#redirects++);
    if (to === undefined) {
      this.failed(String(new RefusalText(head)), false);
      return;
    }
    this.#url = withDirectives(to, "");
    this.#viewer.tokens.learn(this.#url);
    this.#ask();
  }

  failed(reason: string, absent: boolean): void {
    this.#redirects = 0;
    this.#events.unloaded(reason, ++this.#failures, absent);
  }

  /** The delay counts from the last request (RFC 8216, 6.3.4). */
  #loadAgain(reload: Reload): void {
    const { clock } = this.#context;
    const passedMs = clock.now() - this.#askedMs;
    this.#reload = reload;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, reload.afterMs - passedMs), () => this.#ask());
  }

  #ask(): void {
    if (this.#over) return;
    this.#timer?.cancel();
    this.#askedMs = this.#context.clock.now();
    const { directives, waitMs } = this.#reload;
    const url = directives === "" ? this.#url : withDirectives(this.#url, directives);
    // The ETag holds only for the URL without directives.
    const headers = directives === "" ? this.#request.headers : "";
    try {
      this.#fetcher.get(url, headers, this.#request, waitMs);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.failed(`it can't be fetched: ${error.message}`, false);
    }
  }
}
