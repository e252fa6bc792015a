import { sameBytes } from "../../base/memory.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant.ts";
import { readPlaylist } from "./playlist.ts";

/**
 * Number of parsed playlists that are kept, as most servers give all viewers of a stream the same one: the newest few of each variant and
 * rendition, in full and as deltas.
 */
const MAX_REMEMBERED = 64;
const decoder = new TextDecoder();

interface Remembered {
  readonly bytes: Uint8Array;
  /** The earlier playlist whose entries a delta update leaves out; undefined for a full playlist. */
  readonly before: MediaPlaylist | undefined;
  readonly list: MediaPlaylist | MultivariantPlaylist;
}

/** Reads the playlists of all players, and equal ones only once. */
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
