import { ProtocolError } from "../../base/errors.ts";

/** One segment of a media playlist. */
export interface ListedSegment {
  /** As the playlist writes it. */
  readonly uri: string;
  /** Its media sequence number. */
  readonly sequence: number;
  /** EXTINF, ms. */
  readonly durationMs: number;
  /** Its times, or its codecs, don't continue those of the segment before. */
  readonly discontinuity: boolean;
}

/** A playlist of segments (RFC 8216, 4.3.3). */
export interface MediaPlaylist {
  readonly kind: "media";
  readonly targetDurationMs: number;
  /** The number of the first segment, or of the one that would be the first. */
  readonly mediaSequence: number;
  readonly segments: readonly ListedSegment[];
  /** Nothing is added any more. */
  readonly ended: boolean;
}

/** A playlist of playlists (RFC 8216, 4.3.4); of its variants the first, which players begin with. */
export interface MultivariantPlaylist {
  readonly kind: "multivariant";
  readonly uri: string;
}

/** The number behind a playlist's last segment. */
export function endOf({ mediaSequence, segments }: MediaPlaylist): number {
  return mediaSequence + segments.length;
}

/** More segments than any live playlist has. */
const MAX_SEGMENTS = 100_000;

/** Reads a playlist. Throws ProtocolError for what is none. */
export function readPlaylist(text: string): MediaPlaylist | MultivariantPlaylist {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.replace(/^\uFEFF/, "").trim() !== "#EXTM3U")
    throw new ProtocolError("a playlist begins with #EXTM3U, this answer does not");
  const variant = lines.findIndex((line) => line.startsWith("#EXT-X-STREAM-INF:"));
  if (variant < 0) return readMedia(lines);
  const uri = lines.slice(variant + 1).find((line) => line !== "" && !line.startsWith("#"));
  if (uri === undefined) throw new ProtocolError("the playlist names a variant without its URI");
  return { kind: "multivariant", uri };
}

function readMedia(lines: readonly string[]): MediaPlaylist {
  const reader = new MediaReader();
  for (const line of lines) reader.line(line);
  return reader.playlist();
}

/** Reads a media playlist line by line. */
class MediaReader {
  readonly #segments: ListedSegment[] = [];
  #targetDurationMs = 0;
  #mediaSequence = 0;
  #ended = false;
  /** Of the segment whose URI comes next. */
  #durationMs: number | undefined;
  #discontinuity = false;

  line(line: string): void {
    const [, tag, value = ""] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) ?? [];
    if (tag !== undefined) this.#tag(tag, value);
    else if (line !== "" && !line.startsWith("#")) this.#segment(line);
  }

  playlist(): MediaPlaylist {
    if (this.#targetDurationMs === 0) throw new ProtocolError("the playlist has no EXT-X-TARGETDURATION");
    return {
      kind: "media",
      targetDurationMs: this.#targetDurationMs,
      mediaSequence: this.#mediaSequence,
      segments: this.#segments,
      ended: this.#ended,
    };
  }

  #tag(tag: string, value: string): void {
    if (tag === "EXT-X-TARGETDURATION") this.#targetDurationMs = number(tag, value) * 1000;
    else if (tag === "EXT-X-MEDIA-SEQUENCE") this.#mediaSequence = number(tag, value);
    else if (tag === "EXT-X-ENDLIST") this.#ended = true;
    else if (tag === "EXT-X-DISCONTINUITY") this.#discontinuity = true;
    else if (tag === "EXTINF") this.#durationMs = number(tag, value.split(",", 1)[0] ?? "") * 1000;
  }

  #segment(uri: string): void {
    const segments = this.#segments;
    if (this.#durationMs === undefined) throw new ProtocolError("the playlist has a segment without EXTINF");
    if (segments.length === MAX_SEGMENTS) throw new ProtocolError(`the playlist has over ${MAX_SEGMENTS} segments`);
    const sequence = this.#mediaSequence + segments.length;
    segments.push({ uri, sequence, durationMs: this.#durationMs, discontinuity: this.#discontinuity });
    this.#durationMs = undefined;
    this.#discontinuity = false;
  }
}

function number(tag: string, value: string): number {
  const text = value.trim();
  if (!/^[0-9]{1,15}(\.[0-9]*)?$/.test(text)) throw new ProtocolError(`the playlist's ${tag} is no number`);
  return Number(text);
}
