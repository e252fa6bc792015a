import { sameBytes } from "../../base/memory.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant.ts";
import { readPlaylist } from "./playlist.ts";

/** Most servers give all viewers of a stream the same playlist: its newest versions are kept parsed, this many. */
const MAX_REMEMBERED = 8;
const decoder = new TextDecoder();

interface Remembered {
  readonly bytes: Uint8Array;
  /** The playlist whose entries it may leave out. */
  readonly before: MediaPlaylist | undefined;
  readonly list: MediaPlaylist | MultivariantPlaylist;
}

/** Reads playlists of all players, equal ones once. */
export class PlaylistStore {
  readonly #newest: Remembered[] = [];

  /** As `readPlaylist`; the bytes are lent for the call. Throws ProtocolError. */
  read(bytes: Uint8Array, before: MediaPlaylist | undefined): MediaPlaylist | MultivariantPlaylist {
    for (const known of this.#newest) {
      const { length } = known.bytes;
      if (length !== bytes.length || !sameBytes(known.bytes, 0, bytes, 0, length)) continue;
      if (known.before === undefined || known.before === before) return known.list;
    }
    const list = readPlaylist(decoder.decode(bytes), before);
    const isDelta = list.kind === "media" && list.skipped > 0;
    this.#newest.unshift({ bytes: bytes.slice(), before: isDelta ? before : undefined, list });
    this.#newest.length = Math.min(this.#newest.length, MAX_REMEMBERED);
    return list;
  }
}
