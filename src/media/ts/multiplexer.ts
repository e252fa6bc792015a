// Hot: plan and write run for each frame.
import { Content, FrameReader } from "../frame.ts";
import { type Packet, PacketFlag, PacketKind } from "../packet.ts";
import { Field, PCR_FIELD_BYTES, packetCount, packetise, TS_PACKET_BYTES, writeFieldPacket } from "./packets.ts";
import { clockOf, PES_PTS_BYTES, pesHeaderBytes, StreamId, ticksOf, writePesHeader } from "./pes.ts";
import { Program } from "./program.ts";
import { Pid, StreamType } from "./psi.ts";
import { AudioTrack, VideoTrack, videoStreamType } from "./tracks.ts";

/** PAT and PMT come at key frames, and after this many PES packets of audio without them or video. */
const PSI_EVERY_AUDIO = 16;
/** Maximum distance of two PCRs, ms (ISO 13818-1, 2.7.2): an audio packet brings one where video is missing. */
const CLOCK_MS = 100;
/** The duration of an audio frame where it is unknown, ms: that of MP3 at 32 kHz. */
const AUDIO_MS = 36;
/** The clock does not follow a step back of up to this, ms; a longer one begins another clock. */
const MAX_STEP_BACK_MS = 1000;

/**
 * The result for a packet: it is no frame; a video frame, planned; an audio frame that waits to be planned; or it can't be sent
 * (no configuration of its codec, a codec that is not carried, no bytes or too many, wrong lengths).
 */
export const Taken = { Nothing: 0, Video: 1, Audio: 2, Unfit: 3 } as const;
type Taken = (typeof Taken)[keyof typeof Taken];

/**
 * The state of one transport stream: its tracks, program, clock and counters. Planning a PES packet changes the state; the
 * packet may then be written. The bytes are a function of the state before and of the packet.
 */
export class Multiplexer {
  readonly frame = new FrameReader();
  readonly video = new VideoTrack();
  readonly audio = new AudioTrack();
  program: Program = Program.none;
  /** The program of the last PSI. */
  announced: Program = Program.none;
  /** Packets with payload of each PID so far (PAT and PMT have the same count), and video packets without. Unsigned, 32 bits. */
  psiCount = 0;
  videoCount = 0;
  audioCount = 0;
  fieldCount = 0;
  /** Time of the last PCR, ms. */
  clock = Number.NEGATIVE_INFINITY;
  /** The duration of the audio since that PCR, ms. */
  pause = 0;
  /** PES packets of audio since the last video or PSI. */
  audioRun = 0;
  /** The kind of the last planned packet. */
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

  /** `origin`: the time, ms, at which PTS and DTS begin. */
  constructor(origin: number) {
    this.#origin = origin;
  }

  /** Takes the headers in force, which determine the program. MP3 has no header, and stays. */
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
   * Takes a packet: plans the PES packet of a video frame, takes an audio frame for `planAudio`, or takes a header. `dts` is a
   * frame's decoding time if it was known before. The payload is `length` bytes of `bytes` from `offset` on, lent until the frame is
   * written.
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
    // The number of packets is that of a packet with a PCR, with or without video, so that readers can change between the two.
    this.#packets = packetCount(this.#bytes, PCR_FIELD_BYTES);
    this.audioCount = (this.audioCount + this.#packets) >>> 0;
    this.#fieldPacket = false;
    if (this.program.video === StreamType.None) this.#setClock(time);
    this.audioRun++;
    this.#planPsi(this.audioRun === PSI_EVERY_AUDIO);
  }

  /** Sets the clock for a frame with a PCR. It never runs back, unless another clock begins. */
  #setClock(time: number): void {
    this.pause = 0;
    this.#otherClock = this.clock - time > MAX_STEP_BACK_MS;
    if (time > this.clock || this.#otherClock) this.clock = time;
  }

  /**
   * Plans a PCR at an audio frame beside video, if the video's is overdue. It continues the video's clock, as the times of the two
   * may differ. True when one is planned: `writeClock` or `begin` writes it. `durationMs` is 0 where it is unknown.
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

  /** Plans a PES packet of the last audio frame taken. */
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

  /** Size of the plan, bytes. */
  get planned(): number {
    return (this.#packets + (this.#psi ? 2 : 0) + (this.#fieldPacket ? 1 : 0)) * TS_PACKET_BYTES;
  }

  /**
   * Writes the packets before the planned PES packet, and its header; returns where its frames are to be written before `end` is
   * called. `withVideo`: see `Program.pmt`.
   */
  begin(out: Uint8Array, at: number, withVideo: boolean): number {
    let to = this.writePlannedPsi(out, at, withVideo);
    if (this.#fieldPacket && withVideo) to = this.writeClock(out, to);
    const header = to + this.#packets * TS_PACKET_BYTES - this.#bytes;
    const id = this.#isVideo ? StreamId.Video : StreamId.Audio;
    return writePesHeader(out, header, id, this.#bytes, this.#pts, this.#dts);
  }

  /** Makes packets of the PES packet whose frames begin at `frames`, the result of `begin`. Returns where they end. */
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
    // Without video the clock follows the audio.
    const clock = isVideo || withVideo ? this.clock : this.#time;
    packetise(out, at, count, this.#bytes, pid, counter, flags, clockOf(clock - this.#origin));
    return end;
  }

  /** Writes a PCR in a packet of its own; returns where it ends. */
  writeClock(out: Uint8Array, at: number): number {
    const pcr = clockOf(this.clock - this.#origin);
    return writeFieldPacket(out, at, Pid.Video, this.videoCount - 1, Field.Pcr, pcr);
  }

  /** Writes the planned PAT and PMT, if any; returns where they end. */
  writePlannedPsi(out: Uint8Array, at: number, withVideo: boolean): number {
    return this.#psi ? this.writePsi(out, at, this.psiCount - 1, withVideo) : at;
  }

  /** Writes the program's PAT and PMT with a continuity counter; returns where they end. */
  writePsi(out: Uint8Array, at: number, counter: number, withVideo: boolean): number {
    out.set(this.program.pat, at);
    out[at + 3] = 0x10 | (counter & 15);
    const pmt = at + TS_PACKET_BYTES;
    out.set(this.program.pmt(withVideo), pmt);
    out[pmt + 3] = 0x10 | (counter & 15);
    return pmt + TS_PACKET_BYTES;
  }
}
