// Hot: plan and write run for each frame.
import { Content, FrameReader } from "../frame.ts";
import { type Packet, PacketFlag, PacketKind } from "../packet.ts";
import { Field, PCR_FIELD_BYTES, packetCount, packetise, TS_PACKET_BYTES, writeFieldPacket } from "./packets.ts";
import { clockOf, PES_PTS_BYTES, pesHeaderBytes, StreamId, ticksOf, writePesHeader } from "./pes.ts";
import { Program } from "./program.ts";
import { Pid, StreamType } from "./psi.ts";
import { AudioTrack, VideoTrack, videoStreamType } from "./tracks.ts";

/** PAT and PMT come at key frames, and when so many PES packets of audio have come since them or the last video. */
const PSI_EVERY_AUDIO = 16;
/** From one PCR to the next at most, ms (ISO 13818-1, 2.7.2): audio brings one where the video that should is missing. */
const CLOCK_MS = 100;
/** How long an audio frame lasts where that is not known, ms: MP3's at 32 kHz. */
const AUDIO_MS = 36;
/** The clock does not follow a step back that is no longer than this, ms; a longer one is another clock. */
const MAX_STEP_BACK_MS = 1000;

/**
 * What became of a packet: it is no frame, it is planned, it waits to be planned, or it can't be sent (no configuration of its codec,
 * a codec that is not carried, no bytes or too many, lengths that lie).
 */
export const Taken = { Nothing: 0, Video: 1, Audio: 2, Unfit: 3 } as const;
type Taken = (typeof Taken)[keyof typeof Taken];

/**
 * The state of one transport stream: its tracks, program, clock and counters. A PES packet is planned, which changes the state, and
 * may then be written: what is written is a function of the state before and of the packet.
 */
export class Multiplexer {
  readonly frame = new FrameReader();
  readonly video = new VideoTrack();
  readonly audio = new AudioTrack();
  program: Program = Program.none;
  /** The program that the last PSI told of. */
  announced: Program = Program.none;
  /** Packets with payload so far of each PID (PAT and PMT have equal ones), and those without on the video's. Unsigned, 32 bits. */
  psiCount = 0;
  videoCount = 0;
  audioCount = 0;
  fieldCount = 0;
  /** Time of the last PCR, ms. */
  clock = Number.NEGATIVE_INFINITY;
  /** How long the audio since then lasts, ms. */
  pause = 0;
  /** PES packets of audio since the last video or PSI. */
  audioRun = 0;
  /** What was planned last. */
  #isVideo = false;
  #psi = false;
  #fieldPacket = false;
  #otherClock = false;
  #packets = 0;
  #bytes = 0;
  #pts = 0;
  #dts = 0;
  /** Time of the planned PES packet, ms. */
  #time = 0;
  readonly #origin: number;

  /** `origin` is the time, ms, that PTS and DTS count from. */
  constructor(origin: number) {
    this.#origin = origin;
  }

  /** Takes the headers in force; the program is what they say. MP3 has none, and stays. */
  setHeaders(headers: readonly Packet[]): void {
    let video = false;
    let audio = false;
    for (const { kind, payload } of headers) {
      if (kind === PacketKind.Data) continue;
      this.#read(kind, payload, 0, payload.length);
      if (this.frame.content !== Content.Header) continue;
      if (kind === PacketKind.Video) video = true;
      else audio = true;
    }
    if (!video) this.video.config = undefined;
    if (!audio) this.audio.config = undefined;
    let audioType: number = this.audio.config === undefined ? StreamType.None : StreamType.AdtsAac;
    if (!audio && this.program.audio === StreamType.Mp3) audioType = StreamType.Mp3;
    const { config } = this.video;
    this.program = this.program.with(config === undefined ? StreamType.None : videoStreamType(config.codec), audioType);
  }

  /**
   * Takes a packet: plans the PES packet of a video frame, takes an audio frame for `planAudio`, or takes a header. `dts` is a frame's
   * decoding time where it is known from before. The payload is `length` bytes of `bytes` from `offset` on, lent until it is written.
   */
  take(
    kind: PacketKind,
    time: number,
    flags: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    dts: number | undefined,
  ): Taken {
    if (kind === PacketKind.Data) return Taken.Nothing;
    this.#read(kind, bytes, offset, offset + length);
    if (this.frame.content !== Content.Frame) return Taken.Nothing;
    if (kind === PacketKind.Audio) return this.audio.take(this.frame, bytes) ? Taken.Audio : Taken.Unfit;
    if (!this.video.take(this.frame, bytes, time, (flags & PacketFlag.Key) !== 0, dts)) return Taken.Unfit;
    this.#planVideo();
    return Taken.Video;
  }

  #read(kind: PacketKind, bytes: Uint8Array, start: number, end: number): void {
    const { frame } = this;
    frame.read(kind, bytes, start, end);
    if (frame.content !== Content.Header) return;
    const track = kind === PacketKind.Video ? this.video : this.audio;
    track.setHeader(frame.codec, bytes.subarray(frame.start, frame.end));
  }

  #planVideo(): void {
    const { video } = this;
    this.#isVideo = true;
    this.program = this.program.with(videoStreamType(this.frame.codec), this.program.audio);
    this.#pts = ticksOf(video.pts - this.#origin);
    this.#dts = ticksOf(video.dts - this.#origin);
    this.#bytes = pesHeaderBytes(this.#pts, this.#dts) + video.size;
    this.#packets = packetCount(this.#bytes, PCR_FIELD_BYTES);
    this.videoCount = (this.videoCount + this.#packets) >>> 0;
    this.#fieldPacket = false;
    this.#setClock(video.dts);
    this.audioRun = 0;
    this.#planPsi(video.key);
  }

  /** Plans a PES packet of audio frames of a stream type: `size` bytes from `time` on. */
  planAudio(time: number, size: number, streamType: number): void {
    this.#isVideo = false;
    this.program = this.program.with(this.program.video, streamType);
    this.#time = time;
    this.#pts = ticksOf(time - this.#origin);
    this.#dts = this.#pts;
    this.#bytes = PES_PTS_BYTES + size;
    // As many packets with video, when it has no PCR, as without: readers that go from one to the other find the next counter.
    this.#packets = packetCount(this.#bytes, PCR_FIELD_BYTES);
    this.audioCount = (this.audioCount + this.#packets) >>> 0;
    this.#fieldPacket = false;
    if (this.program.video === StreamType.None) this.#setClock(time);
    this.audioRun++;
    this.#planPsi(this.audioRun === PSI_EVERY_AUDIO);
  }

  /** A frame with a PCR: the clock never runs back, unless it is another one. */
  #setClock(time: number): void {
    this.pause = 0;
    this.#otherClock = this.clock - time > MAX_STEP_BACK_MS;
    if (time > this.clock || this.#otherClock) this.clock = time;
  }

  /**
   * Audio beside video: a frame's time may bring a PCR where it would be too long without. That goes on from the video's, for the times
   * of the two may be apart. True when it is planned: `writeClock` writes it, or `begin`. `durationMs` is 0 where it is not known.
   */
  planClock(time: number, durationMs: number): boolean {
    if (this.program.video === StreamType.None || this.announced !== this.program) return false;
    const duration = durationMs > 0 ? durationMs : AUDIO_MS;
    if (this.clock === Number.NEGATIVE_INFINITY) this.clock = time;
    else if (this.pause + duration > CLOCK_MS) this.clock += this.pause;
    else {
      this.pause += duration;
      return false;
    }
    this.pause = duration;
    this.#fieldPacket = true;
    this.fieldCount = (this.fieldCount + 1) >>> 0;
    return true;
  }

  /** Plans a PES packet of the audio frame that was taken. */
  planAudioFrame(time: number): void {
    this.planAudio(time, this.audio.size, this.audio.streamType);
    this.planClock(time, this.audio.frameMs);
  }

  #planPsi(due: boolean): void {
    this.#psi = due || this.announced !== this.program;
    if (!this.#psi) return;
    this.announced = this.program;
    this.psiCount = (this.psiCount + 1) >>> 0;
    this.audioRun = 0;
  }

  /** Bytes that the plan takes. */
  get planned(): number {
    return (this.#packets + (this.#psi ? 2 : 0) + (this.#fieldPacket ? 1 : 0)) * TS_PACKET_BYTES;
  }

  /**
   * Writes the packets before those of the planned PES packet and its header, and returns where its frames are to be written before
   * `end` is called. `withVideo`: see `Program.pmt`.
   */
  begin(out: Uint8Array, at: number, withVideo: boolean): number {
    let to = this.writePlannedPsi(out, at, withVideo);
    if (this.#fieldPacket && withVideo) to = this.writeClock(out, to);
    const header = to + this.#packets * TS_PACKET_BYTES - this.#bytes;
    const id = this.#isVideo ? StreamId.Video : StreamId.Audio;
    return writePesHeader(out, header, id, this.#bytes, this.#pts, this.#dts);
  }

  /** Makes packets of the PES packet whose frames begin at `frames`, as `begin` returned it. Returns where they end. */
  end(out: Uint8Array, frames: number, withVideo: boolean): number {
    const count = this.#packets;
    const isVideo = this.#isVideo;
    const end = frames + this.#bytes - pesHeaderBytes(this.#pts, this.#dts);
    const at = end - count * TS_PACKET_BYTES;
    const pid = isVideo ? Pid.Video : Pid.Audio;
    const counter = (isVideo ? this.videoCount : this.audioCount) - count;
    let flags: number = Field.None;
    if (isVideo) flags = this.video.key ? Field.Pcr | Field.RandomAccess : Field.Pcr;
    else if (!withVideo || this.program.video === StreamType.None) flags = Field.Pcr | Field.RandomAccess;
    if (this.#otherClock && flags !== Field.None) flags |= Field.Discontinuity;
    // Without the video the clock goes by the audio alone.
    const clock = isVideo || withVideo ? this.clock : this.#time;
    packetise(out, at, count, this.#bytes, pid, counter, flags, clockOf(clock - this.#origin));
    return end;
  }

  /** Writes the PCR that is planned by itself, and returns where it ends: one packet on. */
  writeClock(out: Uint8Array, at: number): number {
    const pcr = clockOf(this.clock - this.#origin);
    return writeFieldPacket(out, at, Pid.Video, this.videoCount - 1, Field.Pcr, pcr);
  }

  /** Writes the PAT and PMT of the plan, if any, and returns where they end. */
  writePlannedPsi(out: Uint8Array, at: number, withVideo: boolean): number {
    return this.#psi ? this.writePsi(out, at, this.psiCount - 1, withVideo) : at;
  }

  /** Writes PAT and PMT of the program with a continuity counter, and returns where they end. */
  writePsi(out: Uint8Array, at: number, counter: number, withVideo: boolean): number {
    out.set(this.program.pat, at);
    out[at + 3] = 0x10 | (counter & 15);
    const pmt = at + TS_PACKET_BYTES;
    out.set(this.program.pmt(withVideo), pmt);
    out[pmt + 3] = 0x10 | (counter & 15);
    return pmt + TS_PACKET_BYTES;
  }
}
