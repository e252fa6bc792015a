import { type Packet, PacketKind } from "../../media/packet.ts";
import type { Headers } from "../log/headers.ts";
import { unrolled } from "./epoch-text.ts";

/** Maximum length of the text, UTF-16 units. Real ones have less than 100; a longer one is not sent. */
const MAX_TEXT = 4096;
/** Maximum number of starts that are remembered for packets still in the log. */
const MAX_STARTS = 4;
/** Maximum distance in time between two tracks of one encoder, ms. */
const SKEW_MS = 10_000;

/** Where another encoder's packets begin in a stream's log, and the headers in force there. */
export interface EncoderStart {
  readonly seq: number;
  readonly headers: readonly Packet[];
}

/** What describes the tracks of the active source: headers, and frames of kinds without one. */
interface EncoderSource {
  readonly headers: Pick<Headers, "list" | "keys">;
  readonly frameHeads: readonly Packet[];
}

/*
 * startSource ──> awaitsFrame ──(frame later than all before it)──> known <──(frame)── awaitsFrame <── encoderChanged
 *                      └──(the source resumes the one before)──> known, as before
 */
/**
 * The present encoder of a stream: the time of its first frame, and which headers it has sent. Servers send this to each other, so that
 * headers of an earlier encoder are forgotten everywhere.
 */
export class EncoderTracks {
  /** Whether the owner must call `frame` with the next frame. */
  awaitsFrame = false;
  #source: EncoderSource | undefined;
  /** Stream time of the encoder's first frame that is later than all earlier packets. */
  #since = 0;
  /** The stream's newest time when the source began; undefined: the next frame is the encoder's first. */
  #newest: number | undefined;
  readonly #starts: EncoderStart[] = [];

  /** The last few encoders that began, oldest first. */
  get starts(): readonly EncoderStart[] {
    return this.#starts;
  }

  /** `SINCE KEY KEY ...` as other servers get it, keys percent-encoded; "" if nothing is known. */
  get text(): string {
    if (this.#source === undefined || this.#starts.length === 0) return "";
    const { headers, frameHeads } = this.#source;
    const keys = new Set([...headers.keys, ...frameHeads.map(({ kind }) => mainKey(kind))]);
    const text = [this.#since, ...[...keys].map(encodeURIComponent)].join(" ");
    return text.length > MAX_TEXT ? "" : text;
  }

  /** Another source begins; `newest` is the stream's newest time, undefined before its first packet. */
  startSource(source: EncoderSource, newest: number | undefined): void {
    this.#source = source;
    this.#newest = newest;
    this.awaitsFrame = true;
  }

  /** The same encoder's packets come from another source. */
  replaceSource(source: EncoderSource): void {
    this.#source = source;
  }

  /** The next frame is the first one of another encoder, as the source's peer has reported. */
  encoderChanged(): void {
    this.#newest = undefined;
    this.awaitsFrame = true;
  }

  /** A frame, in the log at `seq`; `resumes`: its source continues the one before. True if another encoder begins with it. */
  frame(seq: number, time: number, resumes: boolean): boolean {
    const newest = this.#newest;
    if (newest !== undefined) {
      if (resumes) {
        this.awaitsFrame = false;
        return false;
      }
      // Other servers tell encoders apart by packet times, and earlier packets of another track may still be on their way to them.
      if (time <= newest && time > newest - SKEW_MS) return false;
    }
    this.awaitsFrame = false;
    this.#since = time;
    if (this.#starts.length === MAX_STARTS) this.#starts.shift();
    this.#starts.push({ seq, headers: this.#source?.headers.list ?? [] });
    return true;
  }
}

/** What a source's peer has reported of the encoder, which applies from that encoder's first frame on. */
export class ReportedTracks {
  /** Whether `reached` must be asked at the next frame. */
  pending = false;
  /** In the peer's stream time; undefined before the first. */
  #since: number | undefined;
  #keys: ReadonlySet<string> = new Set();

  /** The peer has sent this text; `lost`: packets before the next one are missing. Malformed texts are ignored. */
  receive(text: string, lost: boolean): void {
    const [first = "", ...words] = text.length > MAX_TEXT ? [] : text.split(" ");
    if (!/^-?\d{1,16}$/.test(first)) return;
    const since = Number(first);
    // The same encoder again: its later headers arrive as packets, unless they are among the missing ones.
    if (since === this.#since && !(lost && this.pending)) return;
    this.#since = since;
    this.#keys = new Set(words.map(decoded));
    this.pending = true;
  }

  /**
   * The keys of the headers that another encoder has, if it begins with this frame; `at` is the peer's approximate time. One with video
   * begins with a key frame (`isKey`), as the time that the peer reports may be that of a frame within a GOP.
   */
  reached(at: number, timestamp: number, isKey: boolean): ReadonlySet<string> | undefined {
    if (!this.pending || unrolled(at, timestamp) < (this.#since ?? 0)) return undefined;
    if (!isKey && [...this.#keys].some(isVideo)) return undefined;
    this.pending = false;
    return this.#keys;
  }
}

/** The key (`Headers.keys`) of a kind's sequence header in track 0, whether it has one or not. */
export function mainKey(kind: PacketKind): string {
  return kind === PacketKind.Video ? "v0" : "a0";
}

/** Whether a key is that of a video track's header. */
function isVideo(key: string): boolean {
  return /^v\d/.test(key);
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return "";
  }
}
