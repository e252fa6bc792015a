// Hot: one encode for each flush of each stream that is watched as MPEG-TS.
import type { Packet } from "../packet.ts";
import type { PacketCursor, PacketSource } from "../packet-cursor.ts";
import { Ledger } from "./ledger.ts";
import { Multiplexer, Taken } from "./multiplexer.ts";
import { Field, TS_PACKET_BYTES, writeFieldPacket } from "./packets.ts";
import { Pid, StreamType } from "./psi.ts";

/** A source of packets that drops old ones: the format must know its oldest packet. */
export interface TsPacketSource extends PacketSource {
  readonly start: number;
}

const NOTHING = new Uint8Array(0);

/** Gives any two ranges consistent counters. The formats with and without video share the state. */
class TsStream {
  readonly #ledger = new Ledger();
  /** Its state is that before the packet at the ledger's end. */
  readonly #planner = new Multiplexer(0);
  readonly #writer = new Multiplexer(0);
  #begun = false;
  /** See `TsFormat.skipped`. */
  skipped = 0;

  encode(
    log: TsPacketSource,
    from: number,
    to: number,
    headers: readonly Packet[] | undefined,
    withVideo: boolean,
  ): Uint8Array {
    if (to <= from && headers === undefined) return NOTHING;
    const ledger = this.#ledger;
    ledger.dropUntil(log.start);
    this.#reach(log, from, headers);
    this.#planUntil(log, to);
    const writer = this.#writer;
    ledger.restore(from, writer);
    const begins = headers === undefined ? 0 : startPackets(writer, withVideo);
    const out = new Uint8Array((begins + ledger.packets(from, to, withVideo)) * TS_PACKET_BYTES);
    let at = headers === undefined ? 0 : writeStart(writer, out, withVideo);
    const cursor = log.cursor(from, to);
    for (let seq = from; cursor.next(); seq++) at = write(writer, cursor, ledger.dtsAt(seq), out, at, withVideo);
    return out;
  }

  /** Brings the ledger to packet `from`, so that the state before it is known. */
  #reach(log: TsPacketSource, from: number, headers: readonly Packet[] | undefined): void {
    const ledger = this.#ledger;
    const planner = this.#planner;
    if (!this.#begun || ledger.end < log.start) {
      // No reader was fed meanwhile, so there is no counter to continue.
      if (headers !== undefined) planner.setHeaders(headers);
      ledger.begin(from, planner);
      this.#begun = true;
      return;
    }
    if (from < ledger.start) {
      const before = new TsStream();
      if (headers !== undefined) before.#planner.setHeaders(headers);
      before.#ledger.begin(from, before.#planner);
      before.#planUntil(log, ledger.start);
      ledger.prepend(before.#ledger);
      return;
    }
    this.#planUntil(log, from);
    if (headers !== undefined && from === ledger.end) {
      planner.setHeaders(headers);
      ledger.amend(planner);
    }
  }

  /** Plans the packets from the ledger's end up to a packet. */
  #planUntil(log: TsPacketSource, to: number): void {
    const planner = this.#planner;
    const cursor = log.cursor(this.#ledger.end, to);
    while (cursor.next()) {
      const taken = take(planner, cursor, undefined);
      if (taken === Taken.Audio) planner.planAudioFrame(cursor.time);
      else if (taken === Taken.Unfit) this.skipped++;
      this.#ledger.push(taken === Taken.Video ? planner.video.dts : cursor.time, planner);
    }
  }
}

function take(mux: Multiplexer, { kind, time, flags, bytes, offset, length }: PacketCursor, dts: number | undefined) {
  return mux.take(kind, time, flags, bytes, offset, length, dts);
}

function write(
  mux: Multiplexer,
  packet: PacketCursor,
  dts: number,
  out: Uint8Array,
  at: number,
  withVideo: boolean,
): number {
  const taken = take(mux, packet, dts);
  if (taken === Taken.Audio) {
    mux.planAudioFrame(packet.time);
    const frames = mux.begin(out, at, withVideo);
    mux.audio.write(out, frames);
    return mux.end(out, frames, withVideo);
  }
  if (taken !== Taken.Video) return at;
  if (!withVideo) return mux.writePlannedPsi(out, at, false);
  const frames = mux.begin(out, at, true);
  mux.video.write(out, frames);
  return mux.end(out, frames, true);
}

/** The number of packets that `writeStart` writes for a reader. */
function startPackets({ program }: Multiplexer, withVideo: boolean): number {
  return 4 + (withVideo && program.video !== StreamType.None ? 1 : 0) + (program.audio !== StreamType.None ? 1 : 0);
}

/**
 * Writes what a reader gets before its first packet, also after a loss: a discontinuity_indicator for each PID (ISO 13818-1,
 * 2.4.3.5), then PAT and PMT.
 */
function writeStart(mux: Multiplexer, out: Uint8Array, withVideo: boolean): number {
  const { program, psiCount } = mux;
  let at = 0;
  if (withVideo && program.video !== StreamType.None)
    at = writeFieldPacket(out, at, Pid.Video, mux.videoCount - 1, Field.Discontinuity, 0);
  if (program.audio !== StreamType.None)
    at = writeFieldPacket(out, at, Pid.Audio, mux.audioCount - 1, Field.Discontinuity, 0);
  at = writeFieldPacket(out, at, Pid.Pat, psiCount - 2, Field.Discontinuity, 0);
  at = writeFieldPacket(out, at, Pid.Pmt, psiCount - 2, Field.Discontinuity, 0);
  return mux.writePsi(out, at, psiCount - 1, withVideo);
}

/**
 * A stream's packets as MPEG-TS, a PES packet for each frame. Continuity counters depend on a packet's position in the stream,
 * so readers at different positions share bytes and can catch up with each other. PAT and PMT come before key frames and, without
 * video, before every 16th audio packet. One object a stream, besides the one without video that it contains.
 */
export class TsFormat {
  readonly audio = true;
  readonly video: boolean;
  readonly withoutVideo: TsFormat;
  readonly #stream: TsStream;

  private constructor(stream: TsStream, withoutVideo: TsFormat | undefined) {
    this.#stream = stream;
    this.video = withoutVideo !== undefined;
    this.withoutVideo = withoutVideo ?? this;
  }

  /** The format of one stream, which has one log. */
  static of(): TsFormat {
    const stream = new TsStream();
    return new TsFormat(stream, new TsFormat(stream, undefined));
  }

  /** Frames left out so far: see `Taken.Unfit`. */
  get skipped(): number {
    return this.#stream.skipped;
  }

  /** The packets in [from, to). With `headers`, those in force at `from`, a reader may begin there. */
  encode(log: TsPacketSource, from: number, to: number, headers?: readonly Packet[]): Uint8Array {
    return this.#stream.encode(log, from, to, headers, this.video);
  }

  /** Empty: `encode` writes what a reader begins with, as it depends on the position. */
  prefix(): Uint8Array {
    return NOTHING;
  }
}
