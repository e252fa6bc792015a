import { ProtocolError } from "../../base/errors.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import { MediaReader } from "./media-reader.ts";
import { type MultivariantPlaylist, readMultivariant } from "./multivariant.ts";

/**
 * Reads a playlist; `before` has the entries that it may leave out (RFC 8216bis, 6.2.5.1). Throws ProtocolError for text that is
 * no playlist, or can't be read.
 */
export function readPlaylist(text: string, before?: MediaPlaylist): MediaPlaylist | MultivariantPlaylist {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.replace(/^\uFEFF/, "").trim() !== "#EXTM3U")
    throw new ProtocolError("a playlist begins with #EXTM3U, this answer does not");
  if (lines.some((line) => line.startsWith("#EXT-X-STREAM-INF:"))) return readMultivariant(lines);
  const reader = new MediaReader(before);
  for (const line of lines) reader.line(line);
  return reader.playlist();
}
