import { RENEW, type Script, TELL } from "../../../src/features/registry/scripts.ts";
import { ProcessClock } from "../process-clock.ts";
import { between, mulberry32, pick } from "../random.ts";
import type { RedisModel } from "../redis-model.ts";
import { RegistryStage } from "../registry-stage.ts";
import { publishDefaults } from "../rtmp-stage.ts";
import { Encoders } from "./registry-encoders.ts";
import { RedisFaults } from "./registry-faults.ts";
import { type Member, rivalsBoth, wrongOwner } from "./registry-owners.ts";
import { Viewers } from "./registry-viewers.ts";

const STREAMS = ["s0", "s1", "s2"];
const FIRST_NODES = 4;
const STEP_MS = 25;
/** A key frame of each encoder comes this often, ms. */
const FRAME_MS = 500;
/** When all faults are over, the end is reached within this time, ms: who owns a stream, and within all of it, where it is. */
const SETTLED_MS = 20_000;
const CALM_MS = 40_000;
/** A stream whose owner's encoder is gone has another one within this time, ms. */
const NEXT_MS = 20_000;

/** A rule that nodes of a history don't keep to, so that it must end badly: it shows whether a history sees that. */
export type BrokenRule = "claims are asked for" | "leases are renewed" | "lost claims are told";

/** Nodes, encoders and viewers of a cluster with a registry, to which everything happens that can, as a seed has it. */
export class RegistryHistory {
  readonly stage: RegistryStage;
  readonly #random: () => number;
  readonly #members: Member[] = [];
  readonly #gone: Member[] = [];
  readonly #encoders: Encoders;
  readonly #viewers: Viewers;
  readonly #faults: RedisFaults;
  #names = 0;
  /** What has happened, for whoever looks for the reason of a failure. */
  readonly events: string[] = [];
  /** What must not be. */
  readonly wrong: string[] = [];
  #isCalm = false;
  #isSettled = false;

  readonly #broken: BrokenRule | undefined;

  constructor(seed: number, broken?: BrokenRule) {
    this.#broken = broken;
    this.#random = mulberry32(seed);
    this.stage = new RegistryStage(pick(this.#random, ["reject", "reject", "replace", "standby"] as const));
    const { redis } = this.stage;
    redis.wayMs = () => (this.#random() < 0.02 && !this.#isCalm ? 1 + this.#random() * 1200 : 1 + this.#random() * 20);
    redis.hintsMs = () => this.#hints();
    if (broken !== undefined) redis.model.run = brokenRun(redis.model, broken);
    for (let at = 0; at < FIRST_NODES; at++) this.#start();
    const shared = { stage: this.stage, random: this.#random, note: (text: string) => this.#note(text) };
    this.#faults = new RedisFaults(shared);
    this.#encoders = new Encoders({
      ...{ ...shared, members: this.#members },
      stopped: ({ stream, at }, why) => {
        // Who is still served from there looks for it elsewhere.
        for (const sender of this.#encoders.running(stream)) sender.since = this.#now;
        if (this.#isSettled) this.wrong.push(`${this.#now}: the encoder of ${stream} at ${at?.name}: ${why}`);
      },
    });
    this.#viewers = new Viewers({ ...shared, encoders: this.#encoders, faults: this.#faults });
    for (const stream of STREAMS) this.#encoders.add(stream, false);
    this.#encoders.add(pick(this.#random, STREAMS), true);
  }

  /** Lets things happen for so long, and then none, until all must be well. */
  async run(seconds: number): Promise<void> {
    for (let at = 0; at < 2 * seconds; at++) {
      if (this.#random() < 0.2) this.#befall();
      await this.#pass(FRAME_MS);
      this.wrong.push(...this.#viewers.wrong());
    }
    this.#heal();
    await this.#watchFor(SETTLED_MS);
    this.#isSettled = true;
    await this.#watchFor(CALM_MS - SETTLED_MS);
    await this.#judge();
    this.#endOwners();
    await this.#watchFor(NEXT_MS);
    await this.#judge();
    await this.#leave();
  }

  async #watchFor(ms: number): Promise<void> {
    for (let at = 0; at < ms / FRAME_MS; at++) {
      await this.#pass(FRAME_MS);
      this.wrong.push(...this.#viewers.wrong());
    }
  }

  async #judge(): Promise<void> {
    const [stage, members, encoders] = [this.stage, this.#members, this.#encoders];
    const context = { stage, members, encoders, pass: () => this.#pass(2 * FRAME_MS) };
    for (const stream of STREAMS) this.wrong.push(...(await wrongOwner(stream, context)));
  }

  /** Streams that have two encoders lose the one that is published. */
  #endOwners(): void {
    for (const stream of STREAMS) {
      if (this.#encoders.rivalOf(stream) === undefined) continue;
      const owner = this.stage.redis.model.owner("srs:1", `__defaultVhost__/live/${stream}`);
      const sender = this.#encoders.running(stream).find(({ at }) => at?.node.state.id === owner);
      if (sender !== undefined) this.#encoders.end(sender);
    }
    this.#setSince();
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

  #start(): Member {
    const name = `n${this.#names++}`;
    const clock = new ProcessClock(this.stage.clock);
    const publish = { ...publishDefaults, on_conflict: this.stage.onConflict };
    const node = this.stage.registered(name, this.stage.redis, {}, publish, clock, this.#random);
    if (this.#broken === "claims are asked for") node.guards.splice(node.guards.indexOf(node.registry.claims), 1);
    const member = { name, node, clock, since: this.#now, drains: false };
    this.#members.push(member);
    return member;
  }

  async #pass(ms: number): Promise<void> {
    this.#encoders.step(FRAME_MS);
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.stage.clock.advance(STEP_MS);
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (this.#isSettled) this.#checkOwners();
    }
    this.#viewers.look();
  }

  #befall(): void {
    const what = between(this.#random, 0, 19);
    if (what <= 3) this.#viewers.join(pick(this.#random, STREAMS), pick(this.#random, this.#members));
    else if (what <= 5) this.#viewers.leave();
    else if (what <= 8) this.#befallNode(what);
    else if (what === 9) this.#move();
    else if (what === 10) this.#rival();
    else if (what <= 13) this.#befallLinks(what);
    else this.#faults.befall(what - 14);
  }

  #befallNode(what: number): void {
    const member = pick(this.#random, this.#members);
    const count = this.#members.length;
    if (what === 6 && count > 2) this.#kill(member);
    else if (what === 7 && count < 7) this.#note(`${this.#start().name} starts`);
    else if (what === 8 && this.#members.filter(({ drains }) => !drains).length > 2) this.#drain(member);
  }

  #befallLinks(what: number): void {
    const { redis, net } = this.stage;
    const [one, other] = [pick(this.#random, this.#members), pick(this.#random, this.#members)];
    if (what === 11 && one !== other) this.#cut(one, other);
    else if (what === 12 && net.cuts.size > 0) this.#join();
    else if (what === 13) this.#part(one, !redis.cutOff.has(one.node.state.id));
  }

  #kill(member: Member): void {
    this.#note(`${member.name} is killed`);
    this.#remove(member);
    this.#setSince();
  }

  /** The process and its connections are gone, without a word to anybody. */
  #remove(member: Member): void {
    member.clock.end();
    this.#members.splice(this.#members.indexOf(member), 1);
    this.#gone.push(member);
    this.#viewers.forget(member);
    this.stage.kill(member.name);
    for (const { from, dialled, accepted } of this.stage.net.connections) {
      if (from !== member.name) continue;
      accepted.fail("connection reset by peer");
      dialled.fail("killed");
    }
    this.stage.redis.forget(member.node.state.id);
  }

  /** It lets nobody in any more, waits a while, and stops. */
  #drain(member: Member): void {
    if (member.drains) return;
    this.#note(`${member.name} drains`);
    member.drains = true;
    member.node.state = { ...member.node.state, draining: true };
    member.node.registry.drain();
    this.stage.clock.after(between(this.#random, 1000, 10_000), () => {
      if (!this.#members.includes(member)) return;
      this.#note(`${member.name} stops`);
      member.node.registry.stop();
      this.stage.clock.after(2100, () => {
        if (this.#members.includes(member)) this.#kill(member);
      });
    });
  }

  #move(): void {
    const sender = pick(this.#random, this.#encoders.all);
    this.#encoders.move(sender, this.#random() < 0.5 ? "leaves" : "is unplugged from");
  }

  #rival(): void {
    const stream = pick(this.#random, STREAMS);
    const rival = this.#encoders.rivalOf(stream);
    if (rival === undefined) this.#encoders.add(stream, true);
    else this.#encoders.end(rival);
  }

  #cut(one: Member, other: Member): void {
    this.#note(`${one.name} and ${other.name} are cut off from each other`);
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.stage.net.cuts.add(`${from.name}>${to.name}`);
      this.#setReading(from.name, to.name, false);
      from.since = this.#now;
    }
  }

  #join(): void {
    for (const cut of [...this.stage.net.cuts]) {
      const [from = "", to = ""] = cut.split(">");
      this.#setReading(from, to, true);
    }
    this.stage.net.cuts.clear();
    this.#note("all links are whole");
    this.#setSince();
  }

  #setReading(from: string, to: string, reading: boolean): void {
    for (const { from: by, dialled, accepted } of this.stage.net.connections) {
      if (by !== from || dialled.remote.host !== to) continue;
      dialled.reading = reading;
      accepted.reading = reading;
    }
  }

  #part(member: Member, isCut: boolean): void {
    const { cutOff } = this.stage.redis;
    const { id } = member.node.state;
    this.#note(`${member.name} is ${isCut ? "cut off from" : "joined to"} redis`);
    if (isCut) cutOff.add(id);
    else cutOff.delete(id);
    member.since = this.#now;
  }

  #setSince(): void {
    for (const member of this.#members) member.since = this.#now;
    // What came by a node that is gone is looked for again.
    for (const sender of this.#encoders.all) sender.since = Math.max(sender.since, this.#now);
  }

  #heal(): void {
    const { redis } = this.stage;
    this.#note("all is well from now on");
    this.#isCalm = true;
    this.#faults.heal();
    for (const member of this.#members) redis.cutOff.delete(member.node.state.id);
    this.#join();
    for (const stream of STREAMS)
      if (this.#encoders.rivalOf(stream) === undefined && this.#random() < 0.5) this.#encoders.add(stream, true);
  }

  #checkOwners(): void {
    for (const stream of STREAMS)
      if (rivalsBoth(stream, { stage: this.stage, encoders: this.#encoders }))
        this.wrong.push(`${this.#now}: two encoders of ${stream} run`);
  }

  /** Everybody leaves: nothing stays. */
  async #leave(): Promise<void> {
    this.#viewers.leaveAll();
    this.#isSettled = false;
    for (const sender of [...this.#encoders.all]) this.#encoders.end(sender);
    await this.#pass(45_000);
    for (const { name, node } of this.#members) {
      const left = [...node.streams.all()].filter(({ source, viewers }) => source !== undefined || viewers > 0);
      if (left.length > 0)
        this.wrong.push(
          `${name} still has ${left.map(({ key, source, viewers }) => `${key} via ${source?.info.via} ${viewers} viewers`)}`,
        );
      if (node.connections > 0)
        this.wrong.push(
          `${name} still has ${node.connections} connections: ${this.stage.net.connections.filter((c) => c.dialled.open).map((c) => `${c.from}>${c.dialled.remote.host}`)}`,
        );
    }
    const has = this.stage.redis.model.keys.filter((key) => key.includes(":has:"));
    if (has.length > 0) this.wrong.push(`the registry still has ${has}`);
    for (const member of this.#members) {
      member.node.registry.stop();
      member.node.edge.stop();
    }
    await this.#pass(20_000);
    const keys = this.stage.redis.model.keys.filter((key) => !/:stream:|:revision$/.test(key));
    if (keys.length > 0) this.wrong.push(`the registry still has ${keys}`);
    if (this.stage.redis.connections > 0) this.wrong.push(`${this.stage.redis.connections} connections to redis stay`);
    // The clock's tick of each node's connections is its test's.
    for (const { name, clock } of this.#members)
      if (clock.timers > 1) this.wrong.push(`${name} still has ${clock.timers - 1} timers`);
  }
}

/** Redis as nodes see it that break a rule. */
function brokenRun(model: RedisModel, broken: BrokenRule): RedisModel["run"] {
  const run = model.run.bind(model);
  return (command, args) => {
    const is = ({ sha, text }: Script) => args[0] === sha || args[0] === text;
    if (broken === "leases are renewed" && is(RENEW) && model.keys.some((key) => key.endsWith(`:node:${args[3]}`)))
      return [1, 0];
    const answer = run(command, args);
    const isTold = broken === "lost claims are told" && is(TELL) && Array.isArray(answer);
    return isTold ? answer.map((each) => (typeof each === "string" && each !== "" ? args[3] : each)) : answer;
  };
}
