// Hot: push runs for each packet.
import type { Clock } from "../base/clock.ts";
import type { StreamConfig } from "./config.ts";
import { PacketLog } from "./log/log.ts";
import type { SlabPool } from "./log/slabs.ts";
import type { StartPoint } from "./log/start-point.ts";
import { Audience, type AudienceSource } from "./readers/audience.ts";
import type { Demand } from "./readers/demand.ts";
import type { Flusher } from "./readers/flusher.ts";
import type { PacketSink, Piece, ReaderEvents, ReaderFormat, Sink, WireFormat } from "./readers/format.ts";
import { type PacketRange, packetFormat } from "./readers/packet-reader.ts";
import type { Reader } from "./readers/reader.ts";
import { type Retained, Retention } from "./readers/retention.ts";
import { StartPoints } from "./readers/start-points.ts";
import { StreamFlush } from "./readers/stream-flush.ts";
import { type Correction, Corrections } from "./source/corrections.ts";
import type { EncoderTracks } from "./source/encoder-tracks.ts";
import type { EpochKeeper } from "./source/epoch-keeper.ts";
import { GracePeriod } from "./source/grace-period.ts";
import { Intake, type IntakeOwner } from "./source/intake.ts";
import { StreamLadder } from "./source/ladder.ts";
import type { PublishOptions, Source, SourceEnd, SourceInfo } from "./source/source.ts";
import { Sources, type SourcesOwner } from "./source/sources.ts";
import type { SourceSwitch } from "./source/switches.ts";
import type { Timeline } from "./source/timeline.ts";

/** Notifications for the owner of a stream, and what the stream needs from it. */
export interface StreamOwner {
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly slabs: SlabPool;
  /** Counts the corrections of all streams. */
  readonly corrections: Corrections;
  /** 32 random hexadecimal digits. */
  newEpochId(): string;
  published(stream: Stream, source: Source): void;
  unpublished(stream: Stream, source: Source, how: SourceEnd): void;
  /** The first viewer has joined. */
  wanted(stream: Stream, demand: Demand): void;
  /** Another viewer has joined; its parameters may differ. */
  viewerJoined(stream: Stream, demand: Demand): void;
  /** The last viewer has gone. */
  unwanted(stream: Stream): void;
  /** Another source is about to become active; readers stay. */
  switched(stream: Stream, change: SourceSwitch): void;
  /** The active source's stream comes through other servers. */
  rerouted(stream: Stream): void;
  /** Timestamps were corrected; called for the first time, the tenth, the hundredth... */
  corrected(stream: Stream, correction: Correction): void;
  /** The active source's video has key frames but no sequence header. */
  headerless(stream: Stream, codec: string): void;
  /** The stream has neither a source nor a reader, and can be forgotten. */
  idle(stream: Stream): void;
}

/**
 * One live stream: its sources, of which one is active, one log, and any number of readers. Readers belong to the stream, not
 * to the source: sources come and go, and no reader is disconnected.
 */
export class Stream implements AudienceSource, IntakeOwner, SourcesOwner {
  /** `vhost/app/stream`. */
  readonly key: string;
  config: StreamConfig;
  readonly log: PacketLog;
  /** Corrections of its sources' timestamps. */
  readonly corrections: Corrections;
  readonly #owner: StreamOwner;
  readonly #intake: Intake;
  readonly #audience: Audience;
  readonly #retained: Retained;
  readonly #retention: Retention;
  readonly sources: Sources;
  #viewers = 0;
  /** The last source has ended, and readers are being notified. */
  #ending = false;
  readonly grace: GracePeriod;
  /** The ladder that the stream belongs to. */
  readonly ladder = new StreamLadder(this);
  readonly #starts: StartPoints;
  readonly #flush: StreamFlush;

  constructor(key: string, config: StreamConfig, owner: StreamOwner) {
    this.key = key;
    this.config = config;
    this.#owner = owner;
    this.log = new PacketLog(owner.slabs);
    this.corrections = new Corrections(owner.corrections, (correction) => owner.corrected(this, correction));
    this.#intake = new Intake(this, owner);
    this.sources = new Sources(this, this.#intake, owner.clock);
    this.#starts = new StartPoints(this, this.#intake);
    this.#audience = new Audience(this, owner.clock);
    this.#flush = new StreamFlush(this, this.#intake.gop, this.#audience, this.#starts, owner.clock);
    this.grace = new GracePeriod(owner.clock, () => this.#announceStop());
    const { gop, timeline } = this.#intake;
    this.#retained = { config, log: this.log, gop, timeline, fanouts: this.#audience.fanouts };
    this.#retention = new Retention(this.#retained);
  }

  /** Applies another configuration; all readers keep their positions. */
  configure(config: StreamConfig): void {
    // Flushes by the old pause; the new one applies from here on.
    this.#flushNow();
    this.#flush.dueAt = 0;
    this.config = config;
    this.#retained.config = config;
    this.#intake.configure(config);
    this.sources.reconfigured();
    this.#trim();
  }

  /** The active source. */
  get source(): Source | undefined {
    return this.sources.active;
  }

  /** Number of readers that are viewers, not relays. */
  get viewers(): number {
    return this.#viewers;
  }

  get slabs(): SlabPool {
    return this.#owner.slabs;
  }

  get readerCount(): number {
    return this.#audience.size;
  }

  /** The demand of each viewer, in the order in which they joined. */
  demands(): Iterable<Demand> {
    return this.#audience.demands();
  }

  /** Gives the programme times, slots and segment numbers of its packets. */
  get epochs(): EpochKeeper {
    return this.#intake.epochs;
  }

  /** The present encoder's tracks, and where encoders begin in the log. */
  get tracks(): EncoderTracks {
    return this.#intake.tracks;
  }

  /** What other servers get with its packets, as texts; the epoch is undefined before the first frame. */
  get told(): { readonly epoch: string | undefined; readonly ladder: string; readonly tracks: string } {
    return { epoch: this.epochs.text, ladder: this.ladder.text, tracks: this.tracks.text };
  }

  /** The fan-outs have received everything before this. */
  get flushed(): number {
    return this.#starts.flushed;
  }

  /**
   * Admits a publisher: as the active source if there is none, otherwise by `options.onConflict`. Undefined if the stream is busy
   * or has the maximum number of standbys.
   */
  publish(info: SourceInfo, options: PublishOptions = {}): Source | undefined {
    return this.sources.publish(info, options);
  }

  /**
   * Adds a reader: it gets bytes in `format` through `sink`, beginning with headers and a key frame. A reader with a `demand` is
   * a viewer: streams are fetched from other servers for viewers, not for relays.
   */
  join(format: WireFormat, sink: Sink, events: ReaderEvents, demand?: Demand): Reader {
    return this.#join(format, sink, events, demand);
  }

  /** Adds a reader that gets packets instead of bytes, for a muxer; everything else is as with `join`. */
  tap(sink: PacketSink, events: ReaderEvents = {}, demand?: Demand): Reader<PacketRange> {
    return this.#join(packetFormat, sink, events, demand);
  }

  #join<P extends Piece>(
    format: ReaderFormat,
    sink: Sink<P>,
    events: ReaderEvents,
    demand: Demand | undefined,
  ): Reader<P> {
    const notBefore = this.config.gop_cache ? 0 : this.log.end;
    const { batched } = this.#audience;
    const reader = this.#audience.join(format, sink, events, this.gives, notBefore);
    if (batched && this.#flush.latency === "auto") this.#owner.flusher.expedite(this.#flush);
    this.sources.updateAwaited();
    if (demand === undefined) return reader;
    reader.demand = demand;
    if (this.#viewers++ === 0) this.#owner.wanted(this, demand);
    else this.#owner.viewerJoined(this, demand);
    return reader;
  }

  /** The reader is gone. */
  leave(reader: Reader<Piece>): void {
    if (!this.#audience.leave(reader)) return;
    if (reader.demand !== undefined && --this.#viewers === 0) this.#owner.unwanted(this);
    this.sources.updateAwaited();
    this.readerCaughtUp();
    this.#forgetIfIdle();
  }

  /** The reader gets nothing until `unpause`, and does not count as slow. */
  pause(reader: Reader<Piece>): void {
    this.#audience.pause(reader);
  }

  /** Continues where the reader stopped while the log has that GOP, otherwise from the newest GOP. */
  unpause(reader: Reader<Piece>): void {
    this.#audience.unpause(reader);
  }

  /** Changes a reader's format without a gap; video comes back at the next key frame, and everything else continues. */
  reformat(reader: Reader, format: WireFormat): void {
    this.#audience.reformat(reader, format);
  }

  /** An origin refuses the demands that `refused` selects: these viewers' owners are notified, and refuse them. */
  notifyRefused(refused: (demand: Demand) => boolean, reason: string): void {
    this.#audience.notifyRefused(refused, reason);
  }

  /** No origin that was asked has the stream: readers are notified, and may leave. */
  notifyMissing(reason: string): void {
    this.#audience.notices.missing(reason);
  }

  /** The times of its newest packets. */
  get timeline(): Pick<Timeline, "newest" | "newestAt" | "bridged" | "times"> {
    return this.#intake.timeline;
  }

  /** A reader's distance to the newest packet, ms; 0 if it is up to date, or the stream has no packets. */
  lagMs(reader: Reader<Piece>): number {
    const { position } = reader;
    if (reader.state !== "lagging" || position < this.log.start || position >= this.log.end) return 0;
    return Math.max(0, this.#intake.timeline.newest - this.log.timeAt(position));
  }

  /** Age of packets (ms) when they are sent to `reader`, or to a reader that is up to date; undefined if the source's age is unknown. */
  ageMs(reader?: Reader): number | undefined {
    const age = this.source?.ageMs;
    return age === undefined ? age : age + this.#flush.waitMs + (reader === undefined ? 0 : this.lagMs(reader));
  }

  /** Where a reader of `format` may start now. */
  startPoint(format: ReaderFormat): StartPoint | undefined {
    return this.#starts.now(format);
  }

  /** Where readers that waited start with the packets of the next flush. */
  waitingStart(format: ReaderFormat): StartPoint | undefined {
    return this.#starts.waiting(format);
  }

  /** What a reader needs at `seq`, in the middle of the stream, when its audio comes back. */
  audioStart(seq: number): StartPoint {
    return this.#starts.audio(seq);
  }

  /** Whether the stream is published, or readers still get its last packets. */
  get gives(): boolean {
    return this.source !== undefined || this.#ending;
  }

  /** The active source seems to have stopped sending video. */
  get videoAway(): boolean {
    return this.sources.active !== undefined && this.sources.active.keyTrack >= 0 && this.#intake.gop.audioOnly;
  }

  /** A flush is done. */
  flushDone(): void {
    this.#trim();
  }

  /** The first source has begun. */
  began(source: Source): void {
    this.grace.end();
    this.#audience.notifyRerouted();
    this.#audience.notices.published();
    this.#owner.published(this, source);
  }

  /** The last source is about to end. Its last packets are flushed first, as readers that are notified of the end may close at once. */
  ending(): void {
    this.#intake.end();
    this.#flushNow();
  }

  /** The last source has ended. Readers stay, and are notified at once, or after the grace time if it may come back. */
  ended(source: Source, how: SourceEnd): void {
    // A reader that is to get the last packets and has not begun may still start.
    this.#ending = true;
    this.#owner.unpublished(this, source, how);
    this.#ending = false;
    if (this.#audience.size === 0) {
      this.#forgetIfIdle();
      return;
    }
    this.#owner.flusher.mark(this.#flush);
    if (how === "unpublished") this.#announceStop();
    else this.grace.begin(this.config.grace * 1000);
  }

  /** Another source is about to become active. */
  switched(change: SourceSwitch): void {
    if (change.from.hops.join() !== change.to.hops.join()) this.#audience.notifyRerouted();
    this.#owner.switched(this, change);
  }

  /** The active source's stream comes through other servers. */
  rerouted(): void {
    this.#audience.notifyRerouted();
    this.#owner.rerouted(this);
  }

  /** The epoch has changed, or packets are missing (`lost`). Called before readers get the packets concerned. */
  epochChanged(lost: boolean): void {
    this.#audience.notifyEpoch(lost);
  }

  #announceStop(): void {
    this.#intake.resumeFilter.forget();
    this.#intake.gop.clear();
    // The last packets have not been flushed; the notice must not overtake them.
    this.#flushNow();
    this.#audience.notices.stopped();
    this.#forgetIfIdle();
  }

  /** The active source's video has key frames but no sequence header. */
  headerless(codec: string): void {
    this.#owner.headerless(this, codec);
  }

  /** A packet was appended to the log: readers get it with the next flush. */
  appended(bytes: number): void {
    this.#starts.appended();
    if (this.#audience.size === 0) {
      this.#starts.flush();
      this.#trim();
      return;
    }
    if (this.#flush.appended(bytes)) this.#flushNow();
    else this.#owner.flusher.mark(this.#flush);
  }

  /**
   * A reader has caught up or left: the log may need fewer packets. The next flush finds that out, as it looks at all lagging
   * readers, and thousands may leave at once.
   */
  readerCaughtUp(): void {
    if (this.source === undefined && this.log.end > this.log.start) this.#owner.flusher.mark(this.#flush);
  }

  /** Flushes at once and completely. */
  #flushNow(): void {
    this.#owner.flusher.flushNow(this.#flush);
  }

  #trim(): void {
    this.#audience.sweep();
    this.#retention.trim(this.flushed);
  }

  #forgetIfIdle(): void {
    if (this.source !== undefined || this.#audience.size > 0) return;
    this.grace.end();
    this.log.clear();
    this.#owner.idle(this);
  }
}
