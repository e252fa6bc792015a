import { ProtocolError } from "../../base/errors.ts";
import { Attributes, decimal, noVariables, whole } from "./attributes.ts";
import { KeyTags } from "./key-tags.ts";
import type { ListedKey, ListedPart, ListedSegment, LowLatency, MediaPlaylist } from "./media-playlist.ts";

/** More segments, and more parts of one, than any live playlist has. */
const MAX_SEGMENTS = 100_000;
const MAX_PARTS = 10_000;
/** How far players stay behind a playlist's end by default, target durations (RFC 8216, 6.3.3). */
const HOLD_BACK_TARGETS = 3;
/** Minimum of PART-HOLD-BACK, part target durations (RFC 8216bis, 4.4.3.8). */
const HOLD_BACK_PARTS = 2;

/** Reads a media playlist line by line. */
export class MediaReader {
  readonly #before: MediaPlaylist | undefined;
  readonly #segments: ListedSegment[] = [];
  #targetDurationMs = 0;
  #mediaSequence = 0;
  #ended = false;
  #control: Attributes | undefined;
  #partTargetMs = 0;
  #skipped = 0;
  #hint: string | undefined;
  /** Tags of the segment whose URI follows. */
  #durationMs: number | undefined;
  #discontinuity = false;
  #gap = false;
  #parts: ListedPart[] = [];
  /** Tags that hold for all segments from here on. */
  #map: string | undefined;
  #mapKey: ListedKey | undefined;
  readonly #keys = new KeyTags();
  /** The date of the next segment. */
  #dateMs: number | undefined;

  /** `before`: the playlist that the player had before, of which this one may leave out entries (EXT-X-SKIP). */
  constructor(before: MediaPlaylist | undefined) {
    this.#before = before;
  }

  /** Takes the next line. Throws ProtocolError. */
  line(line: string): void {
    const [, tag, value = ""] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) ?? [];
    if (tag !== undefined) this.#tag(tag, value);
    else if (line !== "" && !line.startsWith("#")) this.#segment(line);
  }

  /** The playlist, after all its lines. Throws ProtocolError. */
  playlist(): MediaPlaylist {
    const targetDurationMs = this.#targetDurationMs;
    if (targetDurationMs === 0) throw new ProtocolError("the playlist has no EXT-X-TARGETDURATION");
    const control = this.#control;
    return {
      kind: "media",
      targetDurationMs,
      holdBackMs: control?.ms("HOLD-BACK") || HOLD_BACK_TARGETS * targetDurationMs,
      mediaSequence: this.#mediaSequence,
      segments: this.#segments,
      growing: this.#parts.length === 0 ? undefined : this.#entry(undefined, sumOf(this.#parts)),
      ended: this.#ended,
      blocks: control?.says("CAN-BLOCK-RELOAD") === true,
      lowLatency: this.#lowLatency(),
      skipUntilMs: control?.ms("CAN-SKIP-UNTIL") ?? 0,
      skipped: this.#skipped,
      hint: this.#hint,
    };
  }

  #tag(tag: string, value: string): void {
    switch (tag) {
      case "EXT-X-TARGETDURATION":
        this.#targetDurationMs = decimal(tag, value) * 1000;
        break;
      case "EXT-X-MEDIA-SEQUENCE":
        this.#mediaSequence = whole(tag, value);
        break;
      case "EXT-X-ENDLIST":
        this.#ended = true;
        break;
      case "EXT-X-DISCONTINUITY":
        this.#discontinuity = true;
        this.#dateMs = undefined;
        break;
      case "EXT-X-PROGRAM-DATE-TIME":
        this.#dateMs = dateOf(value);
        break;
      case "EXT-X-GAP":
        this.#gap = true;
        break;
      case "EXTINF":
        this.#durationMs = decimal(tag, value.split(",", 1)[0] ?? "") * 1000;
        break;
      case "EXT-X-BYTERANGE":
        throw new ProtocolError("the playlist has byte ranges, which srs bench does not read");
      case "EXT-X-DEFINE":
        throw noVariables();
      default:
        if (tag.startsWith("EXT-X-")) this.#tagWithAttributes(tag, value);
    }
  }

  #tagWithAttributes(tag: string, value: string): void {
    switch (tag) {
      case "EXT-X-SERVER-CONTROL":
        this.#control = new Attributes(tag, value);
        break;
      case "EXT-X-PART-INF":
        this.#partTargetMs = new Attributes(tag, value).ms("PART-TARGET");
        break;
      case "EXT-X-PART":
        this.#part(new Attributes(tag, value));
        break;
      case "EXT-X-SKIP":
        this.#skip(whole(tag, new Attributes(tag, value).needed("SKIPPED-SEGMENTS")));
        break;
      case "EXT-X-MAP":
        this.#map = uriOf(new Attributes(tag, value));
        this.#mapKey = this.#keys.inForce();
        break;
      case "EXT-X-KEY":
        this.#keys.tag(new Attributes(tag, value));
        break;
      case "EXT-X-PRELOAD-HINT": {
        const hint = new Attributes(tag, value);
        // Hints of byte ranges are not followed.
        if (hint.text("TYPE") === "PART" && hint.text("BYTERANGE-START") === undefined) this.#hint = hint.needed("URI");
        break;
      }
    }
  }

  #part(part: Attributes): void {
    if (this.#parts.length === MAX_PARTS)
      throw new ProtocolError(`the playlist has a segment of over ${MAX_PARTS} parts`);
    this.#keys.inForce();
    const durationMs = decimal("EXT-X-PART's DURATION", part.needed("DURATION")) * 1000;
    this.#parts.push({ uri: uriOf(part), durationMs, independent: part.says("INDEPENDENT"), gap: part.says("GAP") });
  }

  /** Takes the first `count` entries from the playlist before. */
  #skip(count: number): void {
    const { mediaSequence, segments } = this.#before ?? { mediaSequence: 0, segments: [] };
    const from = this.#mediaSequence - mediaSequence;
    const known = from < 0 ? [] : segments.slice(from, from + count);
    if (known.length < count || this.#segments.length > 0)
      throw new ProtocolError("the playlist leaves out segments (EXT-X-SKIP) that it did not list before");
    // The server may no longer have their parts.
    this.#segments.push(...known.map((segment) => ({ ...segment, parts: [] })));
    this.#skipped = count;
    const last = known.at(-1);
    this.#map = last?.map;
    this.#mapKey = last?.mapKey;
    this.#keys.continueWith(last?.key);
    this.#dateMs = last?.dateMs === undefined ? undefined : last.dateMs + last.durationMs;
  }

  #segment(uri: string): void {
    const durationMs = this.#durationMs;
    if (durationMs === undefined) throw new ProtocolError("the playlist has a segment without EXTINF");
    if (this.#segments.length >= MAX_SEGMENTS)
      throw new ProtocolError(`the playlist has over ${MAX_SEGMENTS} segments`);
    this.#segments.push(this.#entry(uri, durationMs));
    if (this.#dateMs !== undefined) this.#dateMs += durationMs;
    this.#durationMs = undefined;
    this.#discontinuity = false;
    this.#gap = false;
    this.#parts = [];
  }

  #entry(uri: string | undefined, durationMs: number): ListedSegment {
    return {
      uri,
      sequence: this.#mediaSequence + this.#segments.length,
      durationMs,
      discontinuity: this.#discontinuity,
      gap: this.#gap,
      dateMs: this.#dateMs,
      map: this.#map,
      mapKey: this.#mapKey,
      key: this.#keys.inForce(),
      parts: this.#parts,
    };
  }

  /** Parts need blocking reloads (RFC 8216bis, 4.4.3.8); without them, players take whole segments. */
  #lowLatency(): LowLatency | undefined {
    const control = this.#control;
    const partTargetMs = this.#partTargetMs;
    if (partTargetMs === 0 || control?.says("CAN-BLOCK-RELOAD") !== true) return undefined;
    return { partTargetMs, holdBackMs: Math.max(control.ms("PART-HOLD-BACK"), HOLD_BACK_PARTS * partTargetMs) };
  }
}

function sumOf(parts: readonly ListedPart[]): number {
  return parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function uriOf(attributes: Attributes): string {
  if (attributes.text("BYTERANGE") !== undefined)
    throw new ProtocolError("the playlist has byte ranges, which srs bench does not read");
  return attributes.needed("URI");
}

/** Reads a date; undefined if it is none, as no more than the alignment of playlists depends on it. */
function dateOf(value: string): number | undefined {
  // Not all parsers take FFmpeg's "+0000".
  const ms = Date.parse(value.trim().replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(ms) ? undefined : ms;
}
