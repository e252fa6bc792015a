// Hot: take runs for each packet.
import type { Clock, Timer } from "../../base/clock.ts";
import { PacketKind } from "../../media/packet.ts";
import type { StreamConfig } from "../config.ts";
import type { SlabPool } from "../log/slabs.ts";
import type { EpochMessage } from "./epoch-text.ts";
import type { Intake } from "./intake.ts";
import {
  isHeader,
  isKey,
  LiveSource,
  type PublishOptions,
  type Source,
  type SourceEnd,
  type SourceInfo,
  type SourceOwner,
} from "./source.ts";
import { Standby } from "./standby.ts";
import { MAX_STANDBYS, Standbys } from "./standbys.ts";
import { type SourceSwitch, Switches, type SwitchReason } from "./switches.ts";
import { PublishTakeover } from "./takeover.ts";

/** What `Sources` needs from its stream. */
export interface SourcesOwner {
  readonly config: StreamConfig;
  readonly readerCount: number;
  readonly slabs: SlabPool;
  /** The first source begins. */
  began(source: Source): void;
  /** The active source is about to end, and there is no standby. */
  ending(): void;
  /** It has ended. */
  ended(source: Source, how: SourceEnd): void;
  /** Another source is about to become active. */
  switched(change: SourceSwitch): void;
  /** The active source's stream comes through other servers. */
  rerouted(): void;
  /** The ladder, which other servers get with the epoch, has changed. */
  epochChanged(lost: boolean): void;
}

/*
 *           ┌── reject: refused
 * publish ──┼── no other, or replace ──────────────> active ──(ends)──> ended
 *           │                                         │  ^
 *           │      (stalls, a preferred one is steady)│  │(the active one stalls or ends; it is preferred and steady)
 *           │                                         v  │
 *           └── standby ──────────────────────────> standby ──(ends)──> ended
 */
/** The sources of a stream: the active one, the standbys, and the takeovers between them. */
export class Sources implements SourceOwner {
  readonly #owner: SourcesOwner;
  readonly #intake: Intake;
  readonly #clock: Clock;
  #active: LiveSource | undefined;
  readonly #standbys = new Standbys();
  readonly #takeover: PublishTakeover;
  #stall: Timer | undefined;
  #activeSince = 0;
  readonly #switches = new Switches();

  constructor(owner: SourcesOwner, intake: Intake, clock: Clock) {
    this.#owner = owner;
    this.#intake = intake;
    this.#clock = clock;
    this.#takeover = new PublishTakeover(owner, clock, () => this.updateAwaited());
  }

  get active(): LiveSource | undefined {
    return this.#active;
  }

  get standbys(): readonly Source[] {
    return this.#standbys.list.map(({ source }) => source);
  }

  /** What each standby holds, in the same order. */
  get held(): readonly { packets: number; bytes: number }[] {
    return this.#standbys.list.map(({ held }) => ({ packets: held.end - held.start, bytes: held.bytes }));
  }

  /** How often another source became active. */
  get switches(): number {
    return this.#switches.count;
  }

  /** Admits or refuses a source, by `OnConflict`. A stream has at most `MAX_STANDBYS` standbys. */
  publish(info: SourceInfo, options: PublishOptions): Source | undefined {
    const now = this.#clock.now();
    const active = this.#active;
    if (active === undefined) return this.#begin(new LiveSource(this, info, now, options), now);
    const isOwner = active.info.yields && info.via === "client" && info.hops.length === 0;
    if (isOwner && options.onConflict !== "standby")
      return this.#replace(active, new LiveSource(this, info, now, options), now);
    switch (options.onConflict ?? "reject") {
      case "reject":
        return undefined;
      case "replace":
        return this.#replace(active, new LiveSource(this, info, now, options), now);
      case "standby":
        if (this.#standbys.size >= MAX_STANDBYS) return undefined;
        return this.#standBy(new LiveSource(this, info, now, options), now);
    }
  }

  /** Makes a source active for an operator; false if no standby has this id. */
  switchTo(id: string): boolean {
    const active = this.#active;
    const standby = this.#standbys.list.find(({ source }) => source.info.id === id);
    if (active !== undefined && standby !== undefined) this.#switch(active, standby, "manual", this.#clock.now());
    return standby !== undefined;
  }

  /** Readers or sources have come or gone: updates `awaited` of all sources. */
  updateAwaited(): void {
    // With standbys, the order in which sources send packets matters.
    this.#active?.setAwaited(this.#owner.readerCount > 0 || this.#standbys.size > 0 || this.#takeover.open);
    for (const { source } of this.#standbys.list) source.setAwaited(true);
  }

  /** The configuration has changed. */
  reconfigured(): void {
    this.updateAwaited();
    this.#watchStall();
  }

  /**
   * As `publish`, for a publisher that can wait: before it is refused, the active source may have to prove that it is alive
   * (`PublishTakeover`). `answer` is called once, and not after `cancel`.
   */
  request(
    info: SourceInfo,
    options: PublishOptions,
    answer: (source: Source | undefined) => void,
  ): Pick<Timer, "cancel"> {
    const source = this.publish(info, options);
    const decide = (won: boolean) =>
      answer(won ? this.publish(info, { ...options, onConflict: "replace" }) : undefined);
    const active = source === undefined && options.onConflict !== "standby" ? this.#active : undefined;
    if (active === undefined || !this.#takeover.join(active, decide)) answer(source);
    return { cancel: () => this.#takeover.leave(decide) };
  }

  /**
   * A publisher at another server or process wants the stream: `answer` is called once with whether the active source is alive. The source
   * ends if it is silent and does not answer a probe.
   */
  probeActive(reason: string, answer: (alive: boolean) => void): void {
    const active = this.#active;
    const decide = (gone: boolean) => {
      if (gone) active?.dismiss(reason);
      if (gone) active?.end("lost");
      // Another caller that waited for the same answer may have ended the source.
      answer(active?.role === "active" && this.#active === active);
    };
    if (active === undefined) answer(false);
    else if (!this.#takeover.join(active, decide)) answer(true);
  }

  alive(source: LiveSource): void {
    if (source === this.#active) this.#takeover.cancel();
  }

  take(
    source: LiveSource,
    kind: PacketKind,
    timestamp: number,
    payload: Uint8Array,
    flags: number,
    track: number,
  ): void {
    const now = this.#clock.now();
    if (source === this.#active) {
      if (kind !== PacketKind.Data && !isHeader(flags)) source.onMedia(now);
      if (this.#takeover.open) this.#takeover.cancel();
      this.#intake.take(source, kind, timestamp, payload, flags, track, now);
      if (this.#standbys.size > 0) this.#watch(kind, flags, payload, now);
      return;
    }
    const standby = this.#standbys.of(source);
    if (standby === undefined) return;
    if (kind !== PacketKind.Data && !isHeader(flags)) source.followTime(timestamp);
    standby.hold(kind, timestamp, payload, flags, track, now);
    this.#standbys.keepBounds(standby, this.#owner.config);
    if (kind !== PacketKind.Data) this.#consider(standby, isKey(kind, flags), now);
  }

  reroute(source: LiveSource): void {
    if (source === this.#active) this.#owner.rerouted();
  }

  onEpoch(source: LiveSource, received: EpochMessage, lost: boolean): void {
    if (source === this.#active) this.#intake.epochs.receive(received, lost);
  }

  ladderChanged(source: LiveSource): void {
    if (source === this.#active) this.#owner.epochChanged(false);
  }

  encoderChanged(source: LiveSource): void {
    if (source === this.#active) this.#intake.encoderChanged(source);
    else this.#standbys.of(source)?.encoderChanged();
  }

  codecChanged(source: LiveSource): void {
    if (source === this.#active) this.#intake.epochs.codecChanged();
  }

  trackCame(source: LiveSource, kind: PacketKind): void {
    if (source === this.#active) this.#intake.epochs.trackCame(kind);
  }

  endSource(source: LiveSource, how: SourceEnd): void {
    if (source === this.#active) {
      this.#endActive(source, how);
      return;
    }
    source.role = "ended";
    const standby = this.#standbys.of(source);
    if (standby !== undefined) this.#standbys.remove(standby);
    standby?.held.clear();
    this.updateAwaited();
    this.#watchStall();
  }

  #begin(source: LiveSource, now: number): LiveSource {
    this.#active = source;
    this.#activeSince = now;
    this.#intake.begin(source);
    this.#owner.began(source);
    this.updateAwaited();
    return source;
  }

  #replace(old: LiveSource, source: LiveSource, now: number): LiveSource {
    old.role = "ended";
    this.#active = source;
    this.#activeSince = now;
    this.#report(old, source, "replaced", false, now);
    this.#intake.begin(source);
    this.#standbys.resetSync();
    this.updateAwaited();
    this.#watchStall();
    old.events.replaced?.(source.info);
    return source;
  }

  #standBy(source: LiveSource, now: number): LiveSource {
    source.role = "standby";
    this.#standbys.add(this.#newStandby(source, now));
    this.updateAwaited();
    this.#watchStall();
    return source;
  }

  #newStandby(source: LiveSource, now: number): Standby {
    const { timeline, resumeFilter } = this.#intake;
    return new Standby(source, timeline, resumeFilter.keys, this.#owner, now);
  }

  #endActive(source: LiveSource, how: SourceEnd): void {
    const now = this.#clock.now();
    source.role = "ended";
    if (source.preferred && how === "lost") this.#switches.preferredFailed(now - this.#activeSince);
    if (this.#takeover.open) this.#takeover.decide();
    if (this.#active !== source) return;
    const next = this.#best(now, Number.NEGATIVE_INFINITY);
    if (next !== undefined) {
      this.#switch(source, next, how === "lost" ? "lost" : "ended", now);
      return;
    }
    this.#owner.ending();
    this.#active = undefined;
    this.#owner.ended(source, how);
  }

  /** The active source has sent a message. */
  #watch(kind: PacketKind, flags: number, payload: Uint8Array, now: number): void {
    if (isKey(kind, flags)) {
      const { resumeFilter, epochs } = this.#intake;
      const { newest } = resumeFilter.keys;
      if (newest !== undefined) this.#standbys.compare(newest, payload, epochs.date(newest));
    }
    if (this.#stall === undefined) this.#watchStall(now);
  }

  /** Sets the timer to the moment when the silence becomes a stall. */
  #watchStall(now = this.#clock.now()): void {
    this.#stall?.cancel();
    this.#stall = undefined;
    const active = this.#active;
    if (active === undefined || this.#standbys.size === 0) return;
    const left = active.lastMediaAt + this.#owner.config.switch_after - now;
    if (left > 0) this.#stall = this.#clock.after(left, () => this.#onStallTimer());
  }

  #onStallTimer(): void {
    this.#stall = undefined;
    const now = this.#clock.now();
    const active = this.#active;
    if (active === undefined) return;
    if (!this.#stalled(active, now)) this.#watchStall(now);
    else this.#giveUp(active, now);
  }

  #stalled(active: LiveSource, now: number): boolean {
    return now - active.lastMediaAt >= this.#owner.config.switch_after;
  }

  /** The active source is silent: a standby that sends takes over, now or as soon as there is one. */
  #giveUp(active: LiveSource, now: number): void {
    const next = this.#best(now, active.lastMediaAt);
    if (next === undefined || !this.#flowing(next, now, active.lastMediaAt)) return;
    if (active.preferred) this.#switches.preferredFailed(now - this.#activeSince);
    this.#switch(active, next, "stalled", now);
  }

  /** A standby has sent a message: takes over if it should. */
  #consider(standby: Standby, key: boolean, now: number): void {
    const active = this.#active;
    if (active === undefined) return;
    if (this.#stalled(active, now)) {
      this.#giveUp(active, now);
      return;
    }
    // A source that an operator chose stays active until it fails.
    const byHand = this.#switches.choseByHand(active.info);
    if (!standby.source.preferred || active.preferred || byHand || !(key || standby.audioOnly)) return;
    if (now - standby.steadySince >= this.#switches.steadyMs) this.#switch(active, standby, "preferred", now);
  }

  #best(now: number, silentSince: number): Standby | undefined {
    return this.#standbys.best((standby) => this.#flowing(standby, now, silentSince));
  }

  #flowing(standby: Standby, now: number, silentSince: number): boolean {
    return standby.flowing(silentSince, now, this.#owner.config.switch_after);
  }

  #switch(from: LiveSource, standby: Standby, why: SwitchReason, now: number): void {
    const { source, seamless: inStep } = standby;
    this.#standbys.remove(standby);
    if (!inStep) this.#standbys.resetSync();
    if (from.role === "active") {
      from.role = "standby";
      const demoted = this.#newStandby(from, now);
      demoted.inStep = inStep;
      this.#standbys.add(demoted);
    }
    source.role = "active";
    this.#active = source;
    this.#activeSince = now;
    this.#report(from, source, why, inStep, now);
    this.#intake.takeOver(standby, now);
    standby.held.clear();
    this.updateAwaited();
    this.#watchStall(now);
    this.#takeover.cancel();
  }

  #report(from: LiveSource, to: LiveSource, why: SwitchReason, inStep: boolean, now: number): void {
    const change = { from: from.info, to: to.info, why, at: now, inStep };
    this.#switches.add(change);
    this.#owner.switched(change);
  }
}
