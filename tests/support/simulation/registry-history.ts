import { drainMicrotasks } from "bun:jsc";
import { FakeRedis } from "../fake-redis.ts";
import { between, mulberry32, pick } from "../random.ts";
import { DirectStage } from "./direct/stage.ts";
import type { HistoryStage } from "./history-stage.ts";
import { Encoders } from "./registry-encoders.ts";
import { leftBy, leftOf } from "./registry-left.ts";
import { type Member, Members } from "./registry-members.ts";
import { isSettled, ownerOf, rivalsBoth, wronglyOwned, wrongOwners } from "./registry-owners.ts";
import { type BrokenRule, breakServers } from "./registry-rules.ts";
import { type HistoryForm, type HistoryScope, scopeOf } from "./registry-scope.ts";
import { HistoryServers } from "./registry-servers.ts";
import { Viewers } from "./registry-viewers.ts";
import { RtmpStage } from "./rtmp-stage.ts";

/** An encoder that comes so long after all is well is taken by any node, ms. */
const WELL_MS = 10_000;
/** It is taken within this time, though its connection to another node only seems open, ms. */
const DECIDED_MS = 3000;
/** Encoders that left have come back within this time, ms. */
const RESTART_MS = 10_000;
/** A key frame of each encoder comes this often, ms. */
const FRAME_MS = 500;
/** When all faults are over, the end is reached within this time, ms: who owns a stream, and within all of it, where it is. */
const SETTLED_MS = 20_000;
const CALM_MS = 20_000;
/** Nodes at two primaries come together before that, ms. */
const TOGETHER_MS = 30_000;
/** A hasty history counts as settled when nothing has been wrong for this long, ms, and is then watched for as long again. */
const STEADY_MS = 3000;
/** A copy that has just ended may be found for this long, until its node has reported the end, ms. */
const MOMENT_MS = 3000;
/** A stream whose owner's encoder is gone has another one within this time, ms. */
const NEXT_MS = 20_000;
/** What is left when all clients have gone, and when all nodes have, is gone within this time, ms. */
const GONE_MS = 45_000;
const LEFT_MS = 20_000;

/** Nodes, encoders and viewers of a cluster with a registry, to which everything happens that can, as a seed has it. */
export class RegistryHistory {
  readonly stage: HistoryStage;
  readonly scope: HistoryScope;
  readonly #random: () => number;
  readonly #servers: HistoryServers;
  readonly #members: Members;
  readonly #encoders: Encoders;
  readonly #viewers: Viewers;
  /** What has happened, for whoever looks for the reason of a failure. */
  readonly events: string[] = [];
  /** What must not be. */
  readonly wrong: string[] = [];
  #isCalm = false;
  #mustStaySettled = false;
  #isLeaving = false;
  /** The server that all nodes use in the end. */
  #leading: FakeRedis;

  constructor(seed: number, form: HistoryForm, broken?: BrokenRule) {
    const random = mulberry32(seed);
    this.#random = random;
    const scope = scopeOf(random, form);
    this.scope = scope;
    this.stage = form === "rtmp" ? new RtmpStage(scope) : new DirectStage(scope, () => this.#wayMs());
    const { clock } = this.stage;
    clock.drain = drainMicrotasks;
    const shared = { stage: this.stage, random, note: (text: string) => this.#note(text) };
    const redis = new FakeRedis(clock);
    this.#leading = redis;
    this.#servers = new HistoryServers({
      ...{ ...shared, redis, second: scope.hasSecond ? new FakeRedis(clock, "r2") : undefined },
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
    });
    for (const each of this.#servers.all) {
      each.wayMs = () => (random() < 0.02 && !this.#isCalm ? 1 + random() * 1200 : 1 + random() * 20);
      each.hintsMs = () => this.#hints();
    }
    if (broken !== undefined) breakServers(this.#servers, broken);
    this.#members = new Members({
      ...{ ...shared, servers: this.#servers, broken },
      ended: (node) => this.#viewers.forget(node),
      // What came by there is looked for again.
      changed: () => this.#encoders.setSince(),
    });
    this.#encoders = new Encoders({
      ...{ ...shared, members: this.#members.all },
      running: (stream) => {
        if (this.#mustStaySettled) this.#checkRivals(stream);
      },
      stopped: ({ stream, at }, why) => {
        // Who is still served from there looks for it elsewhere.
        for (const sender of this.#encoders.running(stream)) sender.since = this.#now;
        if (this.#mustStaySettled) this.#found(`the encoder of ${stream} at ${at?.name}: ${why}`);
      },
      refused: ({ stream, at, since }, why) => {
        const wellSince = Math.max(at?.since ?? 0, this.#servers.since ?? Number.POSITIVE_INFINITY);
        const isCut = at === undefined || at.drains || this.#servers.isCutOff(at.node.state.id);
        if (!isCut && since - wellSince >= WELL_MS)
          this.#found(`the encoder of ${stream} is refused at ${at.name}: ${why}`);
      },
    });
    this.#viewers = new Viewers({ ...shared, encoders: this.#encoders, servers: this.#servers });
    for (let at = 0; at < scope.firstNodes; at++) this.#members.start();
    for (const stream of scope.streams) this.#encoders.add(stream, false);
    this.#encoders.add(pick(random, scope.streams), true);
  }

  /** Lets faults happen for a while, then heals everything, and checks that all ends well. */
  run(): void {
    const { seconds, quietSeconds, chance } = this.scope;
    for (let at = 0; at < 2 * seconds; at++) {
      if (this.#random() < chance) this.#randomEvent();
      this.#step();
    }
    this.#watchFor(quietSeconds * 1000);
    this.#heal();
    this.#settle();
    this.#within(MOMENT_MS, () => this.#owners());
    this.#endOwners();
    this.#within(NEXT_MS, () => this.#owners());
    this.#restartEncoders();
    this.#within(NEXT_MS, () => this.#owners());
    this.#leave();
  }

  /** Waits until the cluster has settled, and watches whether it stays so. */
  #settle(): void {
    const limitMs = SETTLED_MS + (this.scope.hasSecond ? TOGETHER_MS : 0);
    if (!this.scope.isHasty) this.#watchFor(limitMs);
    else this.#untilSteady(limitMs, STEADY_MS);
    this.#mustStaySettled = true;
    for (const stream of this.scope.streams) this.#checkRivals(stream);
    this.#watchFor(this.scope.isHasty ? STEADY_MS : CALM_MS);
  }

  #watchFor(ms: number): void {
    for (let at = 0; at < ms / FRAME_MS; at++) this.#step();
  }

  /** Lets time pass until nothing has been wrong for `steadyMs`, or for `limitMs` at most. */
  #untilSteady(limitMs: number, steadyMs: number): void {
    const until = this.#now + limitMs;
    for (let since = this.#now; this.#now < until && this.#now - since < steadyMs; )
      if (this.#step() || !this.#isSettled) since = this.#now;
  }

  /** Whether each stream has its owner, and all viewers that can play do. */
  get #isSettled(): boolean {
    const { all } = this.#members;
    if (this.#servers.since === undefined) return false;
    // Nodes let everybody publish until they have found the registry again.
    const isBusy = ({ node, drains, old }: Member) => drains || old !== undefined || !this.#servers.usedBy(node);
    if (all.some(isBusy)) return false;
    const model = this.#servers.leading(all).model;
    const context = { stage: this.stage, model, members: all, encoders: this.#encoders };
    return this.#viewers.allPlay(2 * FRAME_MS) && this.scope.streams.every((stream) => isSettled(stream, context));
  }

  /** Lets time pass until nothing is wrong any more: what still is at the end, is. */
  #within(ms: number, look: () => readonly string[]): void {
    const until = this.#now + ms;
    let wrong = look();
    while (wrong.length > 0 && this.#now < until) {
      this.#watchFor(2 * FRAME_MS);
      wrong = look();
    }
    this.wrong.push(...wrong);
  }

  #owners(): readonly string[] {
    const [stage, members, encoders] = [this.stage, this.#members.all, this.#encoders];
    const { model } = this.#servers.leading(members);
    const context = { stage, model, members, encoders, pass: () => this.#watchFor(2 * FRAME_MS) };
    return wrongOwners(this.scope.streams, context);
  }

  /** Streams that have two encoders lose the one that is published. */
  #endOwners(): void {
    for (const stream of this.scope.streams) {
      if (this.#encoders.rivalOf(stream) === undefined) continue;
      const owner = ownerOf(stream, this.#servers.leading(this.#members.all).model);
      const sender = this.#encoders.running(stream).find(({ at }) => at?.node.state.id === owner);
      if (sender !== undefined) this.#encoders.end(sender);
    }
    this.#encoders.setSince();
  }

  /** Each stream that has one encoder loses it, and has it back from another node or the same. */
  #restartEncoders(): void {
    const { all } = this.#members;
    this.#mustStaySettled = false;
    for (const stream of this.scope.streams) {
      if (this.#random() < 0.5) this.#viewers.join(stream, pick(this.#random, all));
      const [sender, other] = this.#encoders.all.filter((each) => each.stream === stream);
      if (sender !== undefined && other === undefined) this.#encoders.move(sender);
    }
    for (let at = 0; at < RESTART_MS / FRAME_MS; at++) {
      this.#step();
      for (const { stream, at } of this.#encoders.waiting(DECIDED_MS))
        this.#found(`the encoder of ${stream} waits for ${at?.name}`);
      if (this.scope.isHasty && this.#isSettled) return;
    }
  }

  /** How long calls between two programs are on their way, ms. */
  #wayMs(): number {
    const chance = this.#random();
    return chance < 0.7 ? 0 : this.#random() * (chance < 0.95 ? 40 : 250);
  }

  #hints(): readonly number[] {
    const chance = this.#random();
    if (this.#isCalm || chance < 0.6) return [1 + this.#random() * 30];
    if (chance < 0.75) return [];
    return chance < 0.9 ? [this.#random() * 4000] : [5, this.#random() * 4000];
  }

  #note(text: string): void {
    this.events.push(`${this.#now} ${text}`);
  }

  #found(text: string): void {
    this.wrong.push(`${this.#now}: ${text}`);
  }

  get #now(): number {
    return this.stage.clock.now();
  }

  /** Lets one frame's time pass; true if it has found a fault. */
  #step(): boolean {
    const before = this.wrong.length;
    this.#encoders.step(FRAME_MS);
    this.stage.clock.advance(FRAME_MS);
    this.#viewers.look();
    if (this.#isLeaving) return false;
    const parted = this.#servers.look(this.#members.all);
    if (parted !== undefined) this.wrong.push(parted);
    const context = { stage: this.stage, servers: this.#servers, members: this.#members.all, encoders: this.#encoders };
    this.wrong.push(...wronglyOwned(this.scope.streams, context));
    this.wrong.push(...this.#viewers.wrong());
    return this.wrong.length > before;
  }

  #randomEvent(): void {
    const { streams } = this.scope;
    const what = between(this.#random, 0, 22);
    if (what <= 3) this.#viewers.join(pick(this.#random, streams), pick(this.#random, this.#members.all));
    else if (what <= 5) this.#viewers.leave();
    else if (what <= 9) this.#nodeEvent(what);
    else if (what === 10) this.#encoders.move(pick(this.#random, this.#encoders.all));
    else if (what === 11) this.#rival();
    else if (what <= 14) this.#linkFault(what);
    else this.#servers.injectFault(what - 15, this.#members.all);
  }

  #nodeEvent(what: number): void {
    const { all } = this.#members;
    const member = pick(this.#random, all);
    // Encoders must have a node to come to.
    const others = all.filter((each) => !each.drains && each !== member).length;
    if (what === 6 && others > 0) this.#members.kill(member, this.#random() < 0.4);
    else if (what === 7 && all.length < this.scope.mostNodes) this.#note(`${this.#members.start().name} starts`);
    else if (what === 8 && others > 0) this.#members.drain(member);
    else if (what === 9) this.#members.upgrade(member);
  }

  #linkFault(what: number): void {
    const { all } = this.#members;
    const [one, other] = [pick(this.#random, all), pick(this.#random, all)];
    if (what === 12 && one !== other) this.#members.cut(one, other);
    else if (what === 13 && this.stage.cuts.size > 0) this.#members.join();
    else if (what === 14) {
      this.#note(`${one.name}:`);
      this.#servers.part(one.node.state.id);
      one.since = this.#now;
    }
  }

  #rival(): void {
    const stream = pick(this.#random, this.scope.streams);
    const rival = this.#encoders.rivalOf(stream);
    if (rival === undefined) this.#encoders.add(stream, true);
    else this.#encoders.end(rival);
  }

  #heal(): void {
    this.#note("all is well from now on");
    this.#isCalm = true;
    this.#encoders.isPatient = true;
    for (const member of this.#members.all) this.#members.endOld(member);
    this.#servers.heal();
    this.#members.join();
    for (const stream of this.scope.streams)
      if (this.#encoders.rivalOf(stream) === undefined && this.#random() < 0.5) this.#encoders.add(stream, true);
  }

  #checkRivals(stream: string): void {
    if (rivalsBoth(stream, { stage: this.stage, encoders: this.#encoders }))
      this.#found(`two encoders of ${stream} run`);
  }

  /** Everybody leaves: nothing stays. */
  #leave(): void {
    this.#viewers.leaveAll();
    this.#mustStaySettled = false;
    this.#isLeaving = true;
    for (const sender of [...this.#encoders.all]) this.#encoders.end(sender);
    const members = this.#members.all;
    this.#leading = this.#servers.leading(members);
    const { stage } = this;
    this.#within(GONE_MS, () => leftBy(members, { stage, model: this.#leading.model }));
    for (const { node } of members) {
      node.registry.stop();
      node.edge.stop("lost");
    }
    this.#within(LEFT_MS, () => leftOf(members, { model: this.#leading.model, servers: this.#servers }));
  }
}
