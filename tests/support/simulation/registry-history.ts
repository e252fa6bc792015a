import { drainMicrotasks } from "bun:jsc";
import { FakeRedis } from "../fake-redis.ts";
import { between, mulberry32, pick } from "../random.ts";
import { RegistryStage } from "../registry-stage.ts";
import { Encoders } from "./registry-encoders.ts";
import { type Member, Members } from "./registry-members.ts";
import { rivalsBoth, wronglyOwned, wrongOwner } from "./registry-owners.ts";
import { type BrokenRule, breakServers } from "./registry-rules.ts";
import { HistoryServers } from "./registry-servers.ts";
import { Viewers } from "./registry-viewers.ts";

/** An encoder that comes so long after all is well is taken by any node, ms. */
const WELL_MS = 10_000;
/** It is taken within this time, though its connection to another node only seems open, ms. */
const DECIDED_MS = 3000;
/** Encoders that left have come back within this time, ms. */
const COME_BACK_MS = 10_000;
const STREAMS = ["s0", "s1", "s2"];
const FIRST_NODES = 4;
const STEP_MS = 25;
/** A key frame of each encoder comes this often, ms. */
const FRAME_MS = 500;
/** When all faults are over, the end is reached within this time, ms: who owns a stream, and within all of it, where it is. */
const SETTLED_MS = 20_000;
const CALM_MS = 20_000;
/** Nodes at two primaries come together before that, ms. */
const TOGETHER_MS = 30_000;
/** A stream whose owner's encoder is gone has another one within this time, ms. */
const NEXT_MS = 20_000;
/** What is left when all clients have gone, and when all nodes have, is gone within this time, ms. */
const GONE_MS = 45_000;
const LEFT_MS = 20_000;

/** Nodes, encoders and viewers of a cluster with a registry, to which everything happens that can, as a seed has it. */
export class RegistryHistory {
  readonly stage: RegistryStage;
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
  #isSettled = false;
  #isLeaving = false;
  /** The server that all nodes use in the end. */
  #leading: FakeRedis;

  constructor(seed: number, broken?: BrokenRule) {
    const random = mulberry32(seed);
    this.#random = random;
    this.stage = new RegistryStage(pick(random, ["reject", "reject", "replace", "standby"] as const));
    const { redis, clock } = this.stage;
    clock.drain = drainMicrotasks;
    const shared = { stage: this.stage, random, note: (text: string) => this.#note(text) };
    this.#leading = redis;
    const second = random() < 0.3 ? new FakeRedis(clock, "r2") : undefined;
    this.#servers = new HistoryServers({
      ...shared,
      redis,
      second,
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
      stopped: ({ stream, at }, why) => {
        // Who is still served from there looks for it elsewhere.
        for (const sender of this.#encoders.running(stream)) sender.since = this.#now;
        if (this.#isSettled) this.wrong.push(`${this.#now}: the encoder of ${stream} at ${at?.name}: ${why}`);
      },
      refused: ({ stream, at, since }, why) => {
        const wellSince = Math.max(at?.since ?? 0, this.#servers.since ?? Number.POSITIVE_INFINITY);
        const isCut = at === undefined || at.drains || this.#servers.isCutOff(at.node.state.id);
        if (!isCut && since - wellSince >= WELL_MS)
          this.wrong.push(`${this.#now}: the encoder of ${stream} is refused at ${at.name}: ${why}`);
      },
    });
    this.#viewers = new Viewers({ ...shared, encoders: this.#encoders, servers: this.#servers });
    for (let at = 0; at < FIRST_NODES; at++) this.#members.start();
    for (const stream of STREAMS) this.#encoders.add(stream, false);
    this.#encoders.add(pick(random, STREAMS), true);
  }

  /** Lets things happen for so long, and then none, until all must be well. */
  run(seconds: number): void {
    for (let at = 0; at < 2 * seconds; at++) {
      if (this.#random() < 0.2) this.#befall();
      this.#pass(FRAME_MS);
    }
    this.#heal();
    if (this.#servers.all.length > 1) this.#watchFor(TOGETHER_MS);
    this.#watchFor(SETTLED_MS);
    this.#isSettled = true;
    this.#watchFor(CALM_MS);
    this.wrong.push(...this.#owners());
    this.#endOwners();
    this.#within(NEXT_MS, () => this.#owners());
    this.#comeBack();
    this.#within(NEXT_MS, () => this.#owners());
    this.#leave();
  }

  #watchFor(ms: number): void {
    for (let at = 0; at < ms / FRAME_MS; at++) this.#pass(FRAME_MS);
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
    const context = { stage, model, members, encoders, pass: () => this.#pass(2 * FRAME_MS) };
    return STREAMS.flatMap((stream) => wrongOwner(stream, context));
  }

  /** Streams that have two encoders lose the one that is published. */
  #endOwners(): void {
    for (const stream of STREAMS) {
      if (this.#encoders.rivalOf(stream) === undefined) continue;
      const owner = this.#servers.leading(this.#members.all).model.owner("srs:1", `__defaultVhost__/live/${stream}`);
      const sender = this.#encoders.running(stream).find(({ at }) => at?.node.state.id === owner);
      if (sender !== undefined) this.#encoders.end(sender);
    }
    this.#encoders.setSince();
  }

  /** Each stream that has one encoder loses it, and has it back from another node or the same. */
  #comeBack(): void {
    const { all } = this.#members;
    this.#isSettled = false;
    for (const stream of STREAMS) {
      if (this.#random() < 0.5) this.#viewers.join(stream, pick(this.#random, all));
      const [sender, other] = this.#encoders.all.filter((each) => each.stream === stream);
      if (sender !== undefined && other === undefined) this.#encoders.move(sender);
    }
    for (let at = 0; at < COME_BACK_MS / FRAME_MS; at++) {
      this.#pass(FRAME_MS);
      for (const { stream, at } of this.#encoders.waiting(DECIDED_MS))
        this.wrong.push(`${this.#now}: the encoder of ${stream} waits for ${at?.name}`);
    }
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

  get #now(): number {
    return this.stage.clock.now();
  }

  #pass(ms: number): void {
    this.#encoders.step(FRAME_MS);
    const stepMs = this.#isSettled ? STEP_MS : ms;
    for (let left = ms; left > 0; left -= stepMs) {
      this.stage.clock.advance(stepMs);
      if (this.#isSettled) this.#checkOwners();
    }
    this.#viewers.look();
    if (this.#isLeaving) return;
    const parted = this.#servers.look(this.#members.all);
    if (parted !== undefined) this.wrong.push(parted);
    const context = { stage: this.stage, servers: this.#servers, members: this.#members.all, encoders: this.#encoders };
    this.wrong.push(...wronglyOwned(STREAMS, context));
    this.wrong.push(...this.#viewers.wrong());
  }

  #befall(): void {
    const what = between(this.#random, 0, 22);
    if (what <= 3) this.#viewers.join(pick(this.#random, STREAMS), pick(this.#random, this.#members.all));
    else if (what <= 5) this.#viewers.leave();
    else if (what <= 9) this.#befallNode(what);
    else if (what === 10) this.#encoders.move(pick(this.#random, this.#encoders.all));
    else if (what === 11) this.#rival();
    else if (what <= 14) this.#befallLinks(what);
    else this.#servers.befall(what - 15, this.#members.all);
  }

  #befallNode(what: number): void {
    const { all } = this.#members;
    const member = pick(this.#random, all);
    if (what === 6 && all.length > 2) this.#members.kill(member);
    else if (what === 7 && all.length < 7) this.#note(`${this.#members.start().name} starts`);
    else if (what === 8 && all.filter(({ drains }) => !drains).length > 2) this.#members.drain(member);
    else if (what === 9) this.#members.upgrade(member);
  }

  #befallLinks(what: number): void {
    const { all } = this.#members;
    const [one, other] = [pick(this.#random, all), pick(this.#random, all)];
    if (what === 12 && one !== other) this.#members.cut(one, other);
    else if (what === 13 && this.stage.net.cuts.size > 0) this.#members.join();
    else if (what === 14) {
      this.#note(`${one.name}:`);
      this.#servers.part(one.node.state.id);
      one.since = this.#now;
    }
  }

  #rival(): void {
    const stream = pick(this.#random, STREAMS);
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
    for (const stream of STREAMS)
      if (this.#encoders.rivalOf(stream) === undefined && this.#random() < 0.5) this.#encoders.add(stream, true);
  }

  #checkOwners(): void {
    for (const stream of STREAMS)
      if (rivalsBoth(stream, { stage: this.stage, encoders: this.#encoders }))
        this.wrong.push(`${this.#now}: two encoders of ${stream} run`);
  }

  /** Everybody leaves: nothing stays. */
  #leave(): void {
    this.#viewers.leaveAll();
    this.#isSettled = false;
    this.#isLeaving = true;
    for (const sender of [...this.#encoders.all]) this.#encoders.end(sender);
    const members = this.#members.all;
    this.#leading = this.#servers.leading(members);
    this.#within(GONE_MS, () => this.#leftBy(members));
    for (const { node } of members) {
      node.registry.stop();
      node.edge.stop();
    }
    this.#within(LEFT_MS, () => this.#leftOf(members));
  }

  /** What clients have left. */
  #leftBy(members: readonly Member[]): readonly string[] {
    const streams = members.flatMap(({ name, node }) =>
      [...node.streams.all()].flatMap(({ key, source, viewers }) =>
        source !== undefined || viewers > 0
          ? [`${name} still has ${key} via ${source?.info.via}, ${viewers} viewers`]
          : [],
      ),
    );
    const open = this.stage.net.connections.filter(({ dialled }) => dialled.open);
    const connections = members.flatMap(({ name, node }) =>
      node.connections > 0
        ? [`${name} still has connections: ${open.map(({ from, dialled }) => `${from}>${dialled.remote.host}`)}`]
        : [],
    );
    const has = this.#leading.model.keys.filter((key) => key.includes(":has:"));
    return [...streams, ...connections, ...has.map((key) => `the registry still has ${key}`)];
  }

  /** What nodes have left. */
  #leftOf(members: readonly Member[]): readonly string[] {
    const keys = this.#leading.model.keys.filter((key) => !/:stream:|:revision$/.test(key));
    const connections = this.#servers.all.reduce((sum, redis) => sum + redis.connections, 0);
    // The clock's tick of each node's connections is its test's.
    const waiting = members.filter(({ clock }) => clock.timers > 1);
    return [
      ...keys.map((key) => `the registry still has ${key}`),
      ...(connections > 0 ? [`${connections} connections to redis stay`] : []),
      ...waiting.map(({ name, clock }) => `${name} still has ${clock.timers - 1} timers`),
    ];
  }
}
