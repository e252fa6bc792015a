import { ProtocolError } from "../../base/errors.ts";
import type { InitTracks } from "../../media/mp4/init-reader.ts";
import { Mp4Frames } from "../mp4/frames.ts";
import { FrameCounts } from "../player-totals.ts";
import { StreamCheck } from "../stream-check.ts";
import { StampReader } from "../synthetic-frame.ts";
import { type FrameSink, TsFrames } from "../ts/frames.ts";

/** First and last time of a track, ms of its clock. */
export interface TrackTimes {
  readonly first: number;
  readonly last: number;
}

/** The stamps of a synthetic stream's frames. */
export interface StampRange {
  readonly source: number;
  readonly firstSequence: number;
  /** The sequence number after the last frame's. */
  readonly nextSequence: number;
  readonly firstSentUs: number;
  readonly lastSentUs: number;
}

/** The content of one segment, or of one part. */
export interface SegmentFacts {
  /** What checks found within the piece; a start that is not on a key frame is not counted here. */
  readonly counts: FrameCounts;
  readonly continuityErrors: number;
  /** By PID, the first and the last continuity counter. */
  readonly firstCounters: ReadonlyMap<number, number>;
  readonly lastCounters: ReadonlyMap<number, number>;
  readonly video: TrackTimes | undefined;
  readonly audio: TrackTimes | undefined;
  /** Undefined when no frame is stamped. */
  readonly stamps: StampRange | undefined;
  /** Whether a player may start with the piece: its first video frame is a key frame after a header, or it has no video. */
  readonly independent: boolean;
  /** Whether the piece has a key frame anywhere, or no video. */
  readonly hasKey: boolean;
  readonly format: "ts" | "fmp4" | undefined;
  /** Why the piece could not be read to its end. */
  readonly problem: string | undefined;
}

/** Reads a segment: of fragmented MP4 with these tracks, or a part of one; else of MPEG-TS. */
export function readSegment(bytes: Uint8Array, tracks?: InitTracks): SegmentFacts {
  return tracks === undefined ? readTs(bytes) : readMp4(bytes, tracks);
}

/** A segment that can't be read. */
export function unreadSegment(problem: string): SegmentFacts {
  return { ...new SegmentReader().facts(), ...WITHOUT_COUNTERS, format: undefined, problem };
}

function readTs(bytes: Uint8Array): SegmentFacts {
  const reader = new SegmentReader();
  const counts = { continuityErrors: 0 };
  const frames = new TsFrames(reader, counts, { arrivedMs: 0 });
  let problem = problemIn(() => {
    if (isPackedAudio(bytes)) throw new ProtocolError("a segment is packed audio (ID3), which srs bench does not read");
    frames.push(bytes);
    frames.end();
  });
  if (bytes.length % 188 !== 0) problem ??= "the segment ends within a packet";
  const { first, last } = frames.counters;
  return { ...reader.facts(), ...counts, firstCounters: first, lastCounters: last, format: "ts", problem };
}

/** Whether a segment begins with an ID3 tag: raw audio frames follow (RFC 8216, 3.4). */
function isPackedAudio(bytes: Uint8Array): boolean {
  return bytes[0] === 0x49 && bytes[1] === 0x44 && bytes[2] === 0x33;
}

function readMp4(bytes: Uint8Array, tracks: InitTracks): SegmentFacts {
  const reader = new SegmentReader();
  const problem = problemIn(() => new Mp4Frames(reader).read(bytes, tracks));
  return { ...reader.facts(), ...WITHOUT_COUNTERS, format: "fmp4", problem };
}

/** Why something can't be read to its end. */
function problemIn(read: () => void): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.message;
  }
}

const WITHOUT_COUNTERS = { continuityErrors: 0, firstCounters: new Map(), lastCounters: new Map() } as const;
const stamp = new StampReader();

/** Collects the facts of a segment's frames. */
class SegmentReader implements FrameSink {
  readonly #counts = new FrameCounts();
  readonly #check = new StreamCheck(this.#counts, true);
  #header = false;
  #independent = true;
  #hasKey = true;
  #video: TrackTimes | undefined;
  #audio: TrackTimes | undefined;
  #stamps: StampRange | undefined;

  header(): void {
    this.#header = true;
    this.#check.header();
  }

  video(timestamp: number, payload: Uint8Array, key: boolean): void {
    if (this.#video === undefined) this.#independent = key && this.#header;
    this.#hasKey = key || (this.#video !== undefined && this.#hasKey);
    this.#video = { first: this.#video?.first ?? timestamp, last: timestamp };
    const sentUs = this.#check.video(timestamp, payload, key);
    if (this.#counts.frames.video === 1) this.#counts.dirty = 0;
    if (sentUs === 0 || !stamp.read(payload)) return;
    const { source, sequence } = stamp;
    const before = this.#stamps;
    this.#stamps = {
      source,
      firstSequence: before?.firstSequence ?? sequence,
      nextSequence: sequence + 1,
      firstSentUs: before?.firstSentUs ?? sentUs,
      lastSentUs: sentUs,
    };
  }

  audio(timestamp: number, payload: Uint8Array): void {
    this.#audio = { first: this.#audio?.first ?? timestamp, last: timestamp };
    this.#check.audio(timestamp, payload);
  }

  facts() {
    return {
      counts: this.#counts,
      video: this.#video,
      audio: this.#audio,
      stamps: this.#stamps,
      independent: this.#independent,
      hasKey: this.#hasKey,
    };
  }
}
