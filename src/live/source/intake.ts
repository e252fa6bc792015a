// Hot: take runs for each packet.
import { codecName, needsVideoHeader } from "../../media/codec.ts";
import { hasCompositionTime } from "../../media/composition.ts";
import { Packet, PacketKind } from "../../media/packet.ts";
import type { StreamConfig } from "../config.ts";
import { Gop } from "../log/gop.ts";
import type { PacketLog } from "../log/log.ts";
import type { Corrections } from "./corrections.ts";
import { EncoderTracks } from "./encoder-tracks.ts";
import { EpochKeeper } from "./epoch-keeper.ts";
import type { EpochMakings } from "./epoch-makings.ts";
import { ResumeFilter, samePayload } from "./resume-filter.ts";
import { isHeader, isKept, isKey, type LiveSource } from "./source.ts";
import type { Standby } from "./standby.ts";
import { Timeline } from "./timeline.ts";

/** What an intake needs from its stream. */
export interface IntakeOwner {
  readonly config: StreamConfig;
  readonly log: PacketLog;
  readonly corrections: Corrections;
  /** Video has key frames but no sequence header, so most players show nothing. */
  headerless(codec: string): void;
  /** The stream's epoch has changed, or packets are `lost`. Called before readers get the packets concerned. */
  epochChanged(lost: boolean): void;
  /** A packet of this many bytes was appended to the log. */
  appended(bytes: number): void;
}

/**
 * Makes packets from the active source's messages, on the stream's time line, and keeps what readers need at their start. It
 * leaves out what can't be decoded and what readers have already received.
 */
export class Intake {
  readonly timeline: Timeline;
  readonly gop: Gop;
  readonly resumeFilter: ResumeFilter;
  readonly epochs: EpochKeeper;
  readonly tracks = new EncoderTracks();
  /** Where the active source's packets begin, and the headers in force there. */
  from = 0;
  fromHeaders: readonly Packet[] = [];
  readonly #owner: IntakeOwner;
  readonly #log: PacketLog;
  /** The active source, or the last one. */
  #source: LiveSource | undefined;
  /** Whether the owner was notified of the epoch since the last frame. */
  #notified = false;

  constructor(owner: IntakeOwner, makings: EpochMakings) {
    this.#owner = owner;
    this.#log = owner.log;
    this.timeline = new Timeline(owner.config.time_jitter, owner.corrections);
    this.gop = new Gop(owner.config);
    this.resumeFilter = new ResumeFilter(this.timeline);
    const epochOwner = { log: owner.log, epochChanged: (lost: boolean) => this.#notifyEpoch(lost) };
    this.epochs = new EpochKeeper(epochOwner, makings, this.timeline);
  }

  #notifyEpoch(lost: boolean): void {
    this.#notified = true;
    this.#owner.epochChanged(lost);
  }

  /** Applies another configuration. */
  configure(config: StreamConfig): void {
    this.timeline.mode = config.time_jitter;
    this.gop.caps = config;
  }

  /** The headers in force at the end of the log. */
  get headers(): readonly Packet[] {
    return this.#source?.headers.list ?? [];
  }

  /** A source that did not stand by begins. */
  begin(source: LiveSource): void {
    this.tracks.startSource(source, this.#source && this.timeline.newest);
    this.#source = source;
    this.epochs.begin(source, this.gop.audioOnly);
    this.timeline.newSource();
    this.resumeFilter.newSource(source);
    this.from = this.#log.end;
    this.fromHeaders = [];
  }

  /** A standby takes over from the active source: appends what it held and readers have not received. */
  takeOver(standby: Standby, now: number): void {
    const { source, held, newest, shift, ahead, inStep, lead, same, seamless } = standby;
    const before = this.headers;
    const keyTrack = this.#source?.keyTrack ?? -1;
    if (same) this.tracks.replaceSource(source);
    else this.tracks.startSource(source, this.timeline.newest);
    this.#source = source;
    if (newest !== undefined) {
      this.timeline.takeOver({ ...newest, shift, ahead, inStep, lead: same ? lead : 0 });
      this.resumeFilter.takeOver(same);
    } else {
      // The standby has sent no frame yet, so its clock is unknown, as for any new source.
      this.timeline.newSource();
      this.resumeFilter.newSource(source);
    }
    source.keyTrack = seamless ? keyTrack : -1;
    const first = standby.firstNew(this.resumeFilter, seamless);
    const headers = standby.headersAt(first);
    this.epochs.takeOver(source, this.gop.audioOnly, seamless, before, headers);
    const known = headers.filter((packet) =>
      before.some(({ kind, payload }) => kind === packet.kind && samePayload(payload, packet.payload)),
    );
    source.headers.clear();
    for (const packet of known) source.headers.set(packet);
    if (!same) {
      this.gop.clear();
      this.from = this.#log.end;
      this.fromHeaders = source.headers.list;
    }
    for (const packet of headers) {
      if (known.includes(packet)) continue;
      const { kind, time, payload, flags, track } = packet;
      this.#append(source, kind, time, payload, flags, track, now);
    }
    for (let seq = first; seq < held.end; seq++) {
      const { kind, time, payload, flags, track } = held.at(seq);
      this.take(source, kind, time, payload, flags, track, now);
    }
  }

  /** The active source's next frame is the first one of another encoder. */
  encoderChanged(source: LiveSource): void {
    this.gop.clear();
    this.from = this.#log.end;
    this.fromHeaders = source.headers.list;
    this.tracks.encoderChanged();
  }

  /** The last source ends. */
  end(): void {
    this.epochs.end(this.gop.audioOnly);
  }

  /** One message of the source, classified, its timestamp as on the wire, arriving at `now` (monotonic ms). */
  take(
    source: LiveSource,
    kind: PacketKind,
    timestamp: number,
    payload: Uint8Array,
    flags: number,
    track: number,
    now: number,
  ): void {
    const header = isHeader(flags);
    const key = isKey(kind, flags);
    // Frames before the first key frame can't be decoded.
    if (kind === PacketKind.Video && !header && !source.decodable(key, track)) return;
    if (!header && !this.resumeFilter.over && !this.#wanted(source, kind, timestamp, payload, flags, track)) {
      // Present readers have this message; later readers need it.
      if (isKept(flags)) source.headers.set(new Packet(kind, timestamp, payload.slice(), flags, track));
      return;
    }
    this.#append(source, kind, timestamp, payload, flags, track, now);
  }

  #append(
    source: LiveSource,
    kind: PacketKind,
    timestamp: number,
    payload: Uint8Array,
    flags: number,
    track: number,
    now: number,
  ): void {
    const header = isHeader(flags);
    const frame = !header && kind !== PacketKind.Data;
    const composed = kind === PacketKind.Video && !header && hasCompositionTime(payload);
    const time =
      header || kind === PacketKind.Data
        ? this.timeline.placeBeside(kind, track, timestamp)
        : this.timeline.place(kind, track, timestamp, now, flags, composed);
    // A copy, as the log drops its own.
    if (isKept(flags)) this.#keep(source, new Packet(kind, time, payload.slice(), flags, track));
    else if (kind !== PacketKind.Data) this.resumeFilter.took(kind, track, timestamp, payload);
    const seq = this.#log.append(kind, time, payload, flags, track);
    const { length } = payload;
    this.#notified = false;
    const begins = this.tracks.awaitsFrame && frame && this.tracks.frame(seq, time, this.resumeFilter.same);
    if (this.epochs.due && frame)
      this.epochs.frame(seq, timestamp, time, this.gop.audioOnly && kind === PacketKind.Audio, this.resumeFilter.same);
    if (begins && !this.#notified) this.#notifyEpoch(false);
    if (isKey(kind, flags) && track === source.keyTrack) {
      if (!source.headers.has(kind, track) && needsVideoHeader(payload)) this.#notifyHeaderless(source, payload);
      this.gop.key(seq, time, length, source.headers.list);
      this.epochs.key(seq, timestamp, time);
      this.resumeFilter.key(time, payload, this.epochs.date(time));
    } else if (kind === PacketKind.Video) this.gop.video(time, length);
    else if (kind === PacketKind.Audio) this.gop.audio(time, length);
    else this.gop.data(length);
    this.#owner.appended(length);
  }

  #keep(source: LiveSource, packet: Packet): void {
    this.epochs.header(packet, source.headers.list);
    source.headers.set(packet);
  }

  /** Notifies the owner at the second key frame without a header, as the header may merely be late. */
  #notifyHeaderless(source: LiveSource, payload: Uint8Array): void {
    if (++source.headerless === 2) this.#owner.headerless(codecName(PacketKind.Video, payload));
  }

  /** False for packets that readers have received, and for packets of another source whose time has passed. */
  #wanted(
    source: LiveSource,
    kind: PacketKind,
    timestamp: number,
    payload: Uint8Array,
    flags: number,
    track: number,
  ): boolean {
    if (kind === PacketKind.Data) return !this.resumeFilter.hasSent(kind, track, timestamp);
    const match = this.resumeFilter.classify(kind, track, flags, timestamp, payload);
    // Frames after a key frame that was left out can't be decoded.
    if (match === "late" && kind === PacketKind.Video) source.keyTrack = -1;
    if (match === "other") this.gop.clear();
    return match === "next" || match === "other";
  }
}
