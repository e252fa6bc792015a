// Hot: add runs for each packet of each stream that is segmented.
import { freeBuffer } from "../../base/memory.ts";
import { type Packet, PacketKind } from "../packet.ts";
import { Multiplexer, Taken } from "./multiplexer.ts";
import { TS_PACKET_BYTES } from "./packets.ts";
import { MAX_PES_LENGTH, PES_PTS_BYTES } from "./pes.ts";
import { Pid, StreamType } from "./psi.ts";
import { addPackets } from "./stuffing.ts";
import type { AacConfig } from "./tracks.ts";

/** Audio frames share a PES packet of up to this duration, ms, as the clock of a stream without video follows these packets. */
const AUDIO_PES_MS = 95;
/** A frame whose time differs by more from the end of the one before, ms, gets a PES packet with a timestamp of its own. */
const MAX_DRIFT_MS = 5;
const MAX_AUDIO_BYTES = MAX_PES_LENGTH - PES_PTS_BYTES;
/** Continuity counters have four bits (ISO 13818-1, 2.4.3.3). */
const COUNTERS = 16;
/** Room for the packets that fill up a segment: 15 of each of four PIDs. */
const STUFFING_BYTES = 4 * COUNTERS * TS_PACKET_BYTES;
const FIRST_BYTES = 64 * 1024;
/** A buffer that is too small is replaced by one that is larger by this factor. */
const GROWTH = 1.25;
const NOTHING = new Uint8Array(0);

/** A position where a segment may end. */
interface Mark {
  readonly at: number;
  readonly group: Uint8Array<ArrayBuffer>;
  readonly groupTime: number;
  readonly groupMs: number;
  readonly groupType: number;
  readonly groupConfig: AacConfig | undefined;
  readonly mux: Pick<
    Multiplexer,
    "psiCount" | "videoCount" | "audioCount" | "fieldCount" | "clock" | "pause" | "audioRun" | "program" | "announced"
  >;
}

/**
 * Makes one segment of MPEG-TS: PAT and PMT, then PES packets in the order of the packets. Its bytes are a function of the
 * headers, the packets and the origin alone. Continuity counters begin at 0, and each PID has a multiple of 16 packets with
 * payload, so that counters continue from segment to segment.
 *
 * Audio frames whose times follow the first one's share its PES packet, up to 95 ms. It is written before the first packet
 * that is this much later, or does not fit.
 */
export class TsSegmentWriter {
  readonly #mux: Multiplexer;
  #out: Uint8Array<ArrayBuffer>;
  #at = 0;
  /** Audio frames of the next PES packet. */
  #group = new Uint8Array(4096);
  #groupBytes = 0;
  #groupTime = 0;
  #groupMs = 0;
  #groupType: number = StreamType.None;
  #groupConfig: AacConfig | undefined;
  #mark: Mark | undefined;
  /** Frames left out: without a configuration of their codec, of a codec that is not carried, empty, or with wrong lengths. */
  skipped = 0;

  /**
   * `headers` are those in force; `origin` is the time, ms, from which timestamps count; the segment overwrites `memory`, and grows in it
   * until that is too small.
   */
  constructor(headers: readonly Packet[], origin: number, memory: Uint8Array<ArrayBuffer> = NOTHING) {
    this.#mux = new Multiplexer(origin);
    this.#mux.setHeaders(headers);
    this.#out = memory;
  }

  /** Adds a packet, whose payload is lent for the call. */
  add({ kind, time, flags, payload }: Packet): void {
    if (kind === PacketKind.Video && time >= this.#groupTime + AUDIO_PES_MS) this.#flushAudio();
    const taken = this.#mux.take(kind, time, flags, payload, 0, payload.length, undefined);
    if (taken === Taken.Video) this.#writeVideo();
    else if (taken === Taken.Audio) this.#addAudio(time);
    else if (taken === Taken.Unfit) this.skipped++;
  }

  /** The buffer that the segment grows in; after `finish` it is the caller's. */
  get memory(): Uint8Array<ArrayBuffer> {
    return this.#out;
  }

  /** Bytes so far, including those of waiting audio frames. */
  get length(): number {
    return this.#at + this.#groupBytes;
  }

  /** Remembers this position instead of the one before. */
  mark(): void {
    const { psiCount, videoCount, audioCount, fieldCount, clock, pause, audioRun, program, announced } = this.#mux;
    this.#mark = {
      at: this.#at,
      group: this.#group.slice(0, this.#groupBytes),
      groupTime: this.#groupTime,
      groupMs: this.#groupMs,
      groupType: this.#groupType,
      groupConfig: this.#groupConfig,
      mux: { psiCount, videoCount, audioCount, fieldCount, clock, pause, audioRun, program, announced },
    };
  }

  /** Removes everything since `mark`; only `finish` may follow. */
  rewind(): void {
    const mark = this.#mark;
    if (mark === undefined) return;
    this.#at = mark.at;
    this.#group = mark.group;
    this.#groupBytes = mark.group.length;
    this.#groupTime = mark.groupTime;
    this.#groupMs = mark.groupMs;
    this.#groupType = mark.groupType;
    this.#groupConfig = mark.groupConfig;
    Object.assign(this.#mux, mark.mux);
  }

  /** The segment, in memory of its own; empty when there was nothing to send. No packets may be added afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    const mux = this.#mux;
    this.#flushAudio();
    if (this.#at === 0) return new Uint8Array(0);
    this.#reserve(STUFFING_BYTES);
    this.#at = addPackets(this.#out, this.#at, Pid.Video, -mux.videoCount & (COUNTERS - 1));
    this.#at = addPackets(this.#out, this.#at, Pid.Audio, -mux.audioCount & (COUNTERS - 1));
    for (let counter = mux.psiCount; counter % COUNTERS !== 0; counter++)
      this.#at = mux.writePsi(this.#out, this.#at, counter, true);
    return this.#out.slice(0, this.#at);
  }

  #writeVideo(): void {
    const mux = this.#mux;
    this.#reserve(mux.planned);
    const frames = mux.begin(this.#out, this.#at, true);
    mux.video.write(this.#out, frames);
    this.#at = mux.end(this.#out, frames, true);
  }

  #addAudio(time: number): void {
    const mux = this.#mux;
    const { audio } = mux;
    const { size, frameMs, streamType, config } = audio;
    if (config !== this.#groupConfig || streamType !== this.#groupType || !this.#joins(time, size, frameMs)) {
      this.#flushAudio();
      this.#groupTime = time;
      this.#groupType = streamType;
      this.#groupConfig = config;
    }
    if (mux.planClock(time, frameMs)) {
      this.#reserve(TS_PACKET_BYTES);
      this.#at = mux.writeClock(this.#out, this.#at);
    }
    const bytes = this.#groupBytes + size;
    if (bytes > this.#group.length) {
      const larger = new Uint8Array(Math.max(bytes, this.#group.length * 2));
      larger.set(this.#group.subarray(0, this.#groupBytes));
      this.#group = larger;
    }
    audio.write(this.#group, this.#groupBytes);
    this.#groupBytes = bytes;
    this.#groupMs += frameMs;
  }

  #joins(time: number, size: number, frameMs: number): boolean {
    return (
      frameMs > 0 &&
      this.#groupBytes > 0 &&
      this.#groupBytes + size <= MAX_AUDIO_BYTES &&
      this.#groupMs + frameMs <= AUDIO_PES_MS &&
      Math.abs(time - this.#groupTime - this.#groupMs) <= MAX_DRIFT_MS
    );
  }

  #flushAudio(): void {
    if (this.#groupBytes === 0) return;
    const mux = this.#mux;
    mux.planAudio(this.#groupTime, this.#groupBytes, this.#groupType);
    this.#reserve(mux.planned);
    const frames = mux.begin(this.#out, this.#at, true);
    this.#out.set(this.#group.subarray(0, this.#groupBytes), frames);
    this.#at = mux.end(this.#out, frames, true);
    this.#groupBytes = 0;
    this.#groupMs = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(needed, FIRST_BYTES, Math.ceil(this.#out.length * GROWTH)));
    larger.set(this.#out.subarray(0, this.#at));
    freeBuffer(this.#out);
    this.#out = larger;
  }
}

/** A segment of these packets. See `TsSegmentWriter`. */
export function tsSegment(
  headers: readonly Packet[],
  packets: readonly Packet[],
  origin: number,
): Uint8Array<ArrayBuffer> {
  const writer = new TsSegmentWriter(headers, origin);
  for (const packet of packets) writer.add(packet);
  return writer.finish();
}
