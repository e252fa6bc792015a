import type { RenditionReport } from "../../media/hls/low-latency.ts";
import type { PlaylistAddress } from "./address.ts";
import { listsOf } from "./choices.ts";
import type { HlsStream } from "./hls-stream.ts";
import { linkQuery } from "./links.ts";
import type { Session } from "./sessions.ts";

/** A media playlist that a viewer has asked for, with what links say to them. */
export class AskedList {
  /** The list's stream, and the whole that it is a part of. */
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

  /** What links in the list have behind the question mark. */
  get links(): string {
    return this.#linksTo(this.#address.variant, this.#address.part);
  }

  /** How far the other playlists are that the multivariant playlist names, by its links (RFC 8216bis, 4.4.5.4), as of now. */
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

  /** Without sessions, a cache may give one viewer's playlist to others. */
  get #isOwn(): boolean {
    return this.hls.config?.hls_ctx ?? true;
  }

  #linksTo(variant: string | undefined, part: string | undefined): string {
    const isOwn = this.#isOwn;
    return linkQuery(isOwn ? this.#address.query : "", isOwn ? this.session.token : undefined, variant, part);
  }
}
