import type { RenditionReport } from "../../media/hls/low-latency.ts";
import type { PlaylistAddress } from "./address.ts";
import { listsOf } from "./choices.ts";
import type { HlsStream } from "./hls-stream.ts";
import { linkQuery } from "./links.ts";
import type { Session } from "./sessions.ts";

/** A media playlist that a viewer has asked for, and the queries of the addresses in it. */
export class AskedList {
  /** The list's stream or part of a stream; `#main` is the stream as a whole. */
  readonly hls: HlsStream;
  readonly #main: HlsStream;
  readonly session: Session;
  readonly #address: PlaylistAddress;

  constructor(hls: HlsStream, main: HlsStream, session: Session, address: PlaylistAddress) {
    this.hls = hls;
    this.#main = main;
    this.session = session;
    this.#address = address;
  }

  /** The query of the addresses of keys, without the question mark. It names no rendition, as all renditions of a stream share its keys. */
  get keyQuery(): string {
    return this.#linksTo(this.#address.variant, undefined);
  }

  /** Rendition reports (RFC 8216bis, 4.4.5.4): the newest positions of the other playlists in the multivariant playlist, by its links. */
  reports(): RenditionReport[] {
    const { group } = this.session;
    const isAlone = !group.hasVariants && this.#main.renditions.size === 0;
    // Without sessions and variants there is no multivariant playlist.
    if (isAlone || this.hls.edge === undefined || !(this.#isOwn || group.hasVariants)) return [];
    const name = encodeURIComponent(group.name.stream);
    return group.playable.flatMap(({ suffix, hls: member }) =>
      listsOf(member).flatMap((hls) => {
        const { msn, part } = (hls !== this.hls && hls.edge?.last) || {};
        if (msn === undefined) return [];
        const query = this.#linksTo(group.hasVariants ? suffix : undefined, hls.rendition?.id);
        return [{ uri: `${name}.m3u8?${query}`, lastMsn: msn, lastPart: part }];
      }),
    );
  }

  /** Whether the list is for one viewer: without sessions, a cache may give it to others. */
  get #isOwn(): boolean {
    return this.hls.config?.hls_ctx ?? true;
  }

  #linksTo(variant: string | undefined, part: string | undefined): string {
    const isOwn = this.#isOwn;
    return linkQuery(isOwn ? this.#address.query : "", isOwn ? this.session.token : undefined, variant, part);
  }
}
