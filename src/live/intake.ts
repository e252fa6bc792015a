// Hot: take runs for each packet.
import { classify } from "../media/classify.ts";
import { readData } from "../media/data.ts";
import { Metadata } from "../media/metadata.ts";
import { Packet, PacketFlag, PacketKind } from "../media/packet.ts";
import type { StreamConfig } from "./config.ts";
import { Gop } from "./gop.ts";
import { Headers } from "./headers.ts";
import type { PacketLog } from "./log.ts";
import { Resumption } from "./resumption.ts";
import type { LiveSource } from "./source.ts";
import { Timeline } from "./timeline.ts";

const HEADER = PacketFlag.SequenceHeader | PacketFlag.Config;
const NOT_A_FRAME = HEADER | PacketFlag.SequenceEnd;

/** Where an intake puts packets. */
export interface IntakeOwner {
  readonly config: StreamConfig;
  readonly log: PacketLog;
  /** A packet was appended to the log. */
  appended(packet: Packet): void;
}

/**
 * Makes packets of what the active source sends: classified, on the stream's time line, with what a reader needs to begin
 * kept up to date. What nobody could decode, and what readers have had already, is left out.
 */
export class Intake {
  readonly headers = new Headers();
  readonly timeline: Timeline;
  readonly gop: Gop;
  readonly resumption: Resumption;
  /** Where the packets of the active source begin. */
  from = 0;
  readonly #owner: IntakeOwner;
  readonly #log: PacketLog;
  readonly #metadata = new Metadata();

  constructor(owner: IntakeOwner) {
    this.#owner = owner;
    this.#log = owner.log;
    this.timeline = new Timeline(owner.config.time_jitter);
    this.gop = new Gop(owner.config);
    this.resumption = new Resumption(this.timeline);
  }

  /** Goes on by another configuration. */
  configure(config: StreamConfig): void {
    this.timeline.mode = config.time_jitter;
    this.gop.caps = config;
  }

  /** Another source begins. */
  begin(): void {
    this.headers.clear();
    this.#metadata.clear();
    this.timeline.newSource();
    this.resumption.newSource();
    this.from = this.#log.end;
  }

  /** One media message of the source, its timestamp as on the wire, arriving at `now` (monotonic ms). */
  take(source: LiveSource, kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean, now: number): void {
    if (kind === PacketKind.Data) {
      this.#takeData(timestamp, payload, amf3);
      return;
    }
    const class_ = classify(kind, payload);
    const flags = class_ & 0xff;
    const track = class_ >>> 8;
    const header = (flags & HEADER) !== 0;
    const key = kind === PacketKind.Video && (flags & NOT_A_FRAME) === 0 && (flags & PacketFlag.Key) !== 0;
    // What comes before the first key frame cannot be decoded by anyone.
    if (kind === PacketKind.Video && !header && !source.decodable(key, track)) return;
    if (!header && !this.resumption.over) {
      const verdict = this.resumption.judge(kind, track, flags, timestamp, payload);
      if (verdict === "repeated") return;
      if (verdict === "other") this.gop.clear();
    }
    const time = header
      ? this.timeline.placeBeside(kind, track, timestamp)
      : this.timeline.place(kind, track, timestamp, now);
    const packet = new Packet(kind, time, payload, flags, track);
    if (header) this.headers.set(packet);
    const seq = this.#log.append(packet);
    if (key && track === source.keyTrack) {
      this.gop.key(seq, packet, this.headers.list);
      this.resumption.key(packet);
    } else if (kind === PacketKind.Video) this.gop.video(packet);
    else this.gop.audio(packet);
    this.#owner.appended(packet);
  }

  #takeData(timestamp: number, payload: Uint8Array, amf3: boolean): void {
    const message = readData(payload, amf3);
    if (message === undefined || (message.action === "pass" && this.resumption.repeatsData(timestamp))) return;
    const time = this.timeline.placeBeside(PacketKind.Data, 0, timestamp);
    let packet: Packet | undefined;
    if (message.action === "pass")
      packet = new Packet(PacketKind.Data, time, message.body, amf3 ? PacketFlag.Amf3 : 0, 0);
    else {
      this.#metadata.apply(message);
      const merged = this.#metadata.payload();
      if (merged !== undefined) packet = new Packet(PacketKind.Data, time, merged, PacketFlag.Config, 0);
      this.headers.setMetadata(packet);
    }
    if (packet === undefined) return;
    this.#log.append(packet);
    this.gop.data(packet);
    this.#owner.appended(packet);
  }
}
