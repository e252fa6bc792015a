import { RedisModel } from "../fake-redis.ts";
import type { Viewer } from "../live.ts";
import { ProcessClock } from "../process-clock.ts";
import { between, mulberry32, pick } from "../random.ts";
import { RegistryStage } from "../registry-stage.ts";
import { publishDefaults } from "../rtmp-stage.ts";
import { type Member, type Sender, wrongOwners } from "./registry-owners.ts";

const STREAMS = ["s0", "s1", "s2"];
const FIRST_NODES = 4;
const STEP_MS = 25;
/** A key frame of each encoder comes this often, ms. */
const FRAME_MS = 500;
/** A viewer plays when it and its encoder could have done so undisturbed for this long, ms. */
const BOUND_MS = 15_000;
/** When all faults are over, the end is reached within this time, ms. */
const CALM_MS = 40_000;

/** A viewer of a stream at a node. */
interface Watcher {
  readonly stream: string;
  readonly member: Member;
  readonly viewer: Viewer;
  readonly since: number;
  /** When it got a picture last, ms. */
  playedAt: number;
}

/** Nodes, encoders and viewers of a cluster with a registry, to which everything happens that can, as a seed has it. */
export class RegistryHistory {
  readonly stage: RegistryStage;
  readonly #random: () => number;
  readonly #members: Member[] = [];
  readonly #gone: Member[] = [];
  readonly #senders: Sender[] = [];
  readonly #watchers: Watcher[] = [];
  #names = 0;
  #feeds = 0;
  /** Since when Redis does all that it should, ms; undefined while it does not. */
  #redisSince: number | undefined = 0;
  #backup = new RedisModel(() => 0);
  /** What has happened, for whoever looks for the reason of a failure. */
  readonly events: string[] = [];
  /** What must not be. */
  readonly wrong: string[] = [];
  #isCalm = false;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
    this.stage = new RegistryStage(pick(this.#random, ["reject", "reject", "replace", "standby"] as const));
    const { redis } = this.stage;
    redis.wayMs = () => (this.#random() < 0.02 && !this.#isCalm ? 1 + this.#random() * 1200 : 1 + this.#random() * 20);
    redis.hintsMs = () => this.#hints();
    for (let at = 0; at < FIRST_NODES; at++) this.#start();
    for (const stream of STREAMS) this.#senders.push(this.#sender(stream, false));
  }

  /** Lets things happen for so long, and then none, until all must be well. */
  async run(seconds: number): Promise<void> {
    for (let at = 0; at < 2 * seconds; at++) {
      if (this.#random() < 0.2) this.#befall();
      await this.#pass(FRAME_MS);
      this.#check();
    }
    this.#heal();
    for (let at = 0; at < CALM_MS / FRAME_MS; at++) {
      await this.#pass(FRAME_MS);
      this.#check();
    }
    this.wrong.push(...(await wrongOwners(this.#members, this.#senders, () => this.#pass(2 * FRAME_MS))));
    await this.#leave();
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
    const member = { name, node, clock, since: this.#now, drains: false };
    this.#members.push(member);
    return member;
  }

  #sender(stream: string, isRival: boolean): Sender {
    const feed = this.stage.feed(`e${this.#feeds++}`);
    feed.media.time = between(this.#random, 0, 100) * 10_000;
    return { stream, feed, isRival, push: undefined, at: undefined, retryAt: this.#now, since: this.#now };
  }

  async #pass(ms: number): Promise<void> {
    for (const sender of [...this.#senders]) this.#send(sender);
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.stage.clock.advance(STEP_MS);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    for (const watcher of this.#watchers)
      if (watcher.viewer.news().some((name) => name.startsWith("k"))) watcher.playedAt = this.#now;
  }

  #send(sender: Sender): void {
    sender.feed.media.time += FRAME_MS;
    sender.feed.media.key(`k${this.#now}`);
    const error = sender.push?.told.find((told) => told !== "running");
    if (error !== undefined) {
      this.#note(`encoder of ${sender.stream} at ${sender.at?.name}: ${error}`);
      sender.push = undefined;
      sender.retryAt = this.#now + between(this.#random, 200, 3000);
      if (sender.isRival) this.#end(sender);
    }
    if (sender.push !== undefined || this.#now < sender.retryAt || !this.#senders.includes(sender)) return;
    const fit = this.#members.filter(({ drains }) => !drains);
    const back = sender.at !== undefined && fit.includes(sender.at) && this.#random() < 0.5;
    sender.at = back ? sender.at : pick(this.#random, fit);
    sender.since = this.#now;
    this.#note(`encoder of ${sender.stream}${sender.isRival ? " (rival)" : ""} to ${sender.at?.name}`);
    sender.push = this.stage.encode(sender.feed, sender.at?.name ?? "", sender.stream);
  }

  #end(sender: Sender): void {
    sender.push?.stop();
    sender.feed.media.source.end("unpublished");
    this.#senders.splice(this.#senders.indexOf(sender), 1);
  }

  #befall(): void {
    const what = between(this.#random, 0, 19);
    if (what <= 3) this.#watch(pick(this.#random, this.#members));
    else if (what <= 5) this.#unwatch();
    else if (what <= 8) this.#befallNode(what);
    else if (what === 9) this.#move(pick(this.#random, this.#senders));
    else if (what === 10) this.#rival();
    else if (what <= 13) this.#befallLinks(what);
    else this.#befallRedis(what);
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

  #befallRedis(what: number): void {
    const { redis } = this.stage;
    if (what === 14) this.#stopRedis();
    else if (what === 15) this.#killRedis();
    else if (what === 16) this.#redisEvent("flushed", () => redis.model.flush());
    else if (what === 17) this.#redisEvent("disconnects", () => redis.disconnect());
    else if (what === 18) this.#backup.copyFrom(redis.model);
    else if (what === 19) this.#failover();
  }

  #redisEvent(what: string, happens: () => void): void {
    this.#note(`redis ${what}`);
    happens();
    if (this.#redisSince !== undefined) this.#redisSince = this.#now;
  }

  #stopRedis(): void {
    const { redis } = this.stage;
    if (redis.dead) return;
    this.#note(redis.stopped ? "redis goes on" : "redis is stopped");
    if (redis.stopped) redis.resume();
    else redis.stopped = true;
    this.#redisSince = redis.stopped ? undefined : this.#now;
  }

  #killRedis(): void {
    const { redis } = this.stage;
    if (redis.stopped) return;
    this.#note(redis.dead ? "redis starts" : "redis is killed");
    if (redis.dead) redis.dead = false;
    else redis.kill();
    this.#redisSince = redis.dead ? undefined : this.#now;
  }

  /** A replica that has not heard the last seconds becomes the primary. */
  #failover(): void {
    const { redis } = this.stage;
    if (redis.dead || redis.stopped) return;
    this.#redisEvent("fails over", () => {
      redis.kill();
      redis.model.copyFrom(this.#backup);
      redis.dead = false;
    });
  }

  #watch(member: Member): void {
    const stream = pick(this.#random, STREAMS);
    if (this.#watchers.length >= 8 || member.drains) return;
    this.#note(`viewer of ${stream} at ${member.name}`);
    const viewer = this.stage.watch(member.node, stream);
    this.#watchers.push({ stream, member, viewer, since: this.#now, playedAt: this.#now });
  }

  #unwatch(): void {
    if (this.#watchers.length === 0) return;
    const watcher = pick(this.#random, this.#watchers);
    this.#note(`viewer of ${watcher.stream} leaves ${watcher.member.name}`);
    watcher.viewer.leave();
    this.#watchers.splice(this.#watchers.indexOf(watcher), 1);
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
    for (const watcher of this.#watchers.filter((each) => each.member === member))
      this.#watchers.splice(this.#watchers.indexOf(watcher), 1);
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

  /** The encoder comes to another node, with or without a word to the first one. */
  #move(sender: Sender): void {
    if (sender.isRival) return;
    this.#note(`encoder of ${sender.stream} leaves ${sender.at?.name}`);
    sender.push?.stop();
    sender.push = undefined;
    sender.retryAt = this.#now + between(this.#random, 0, 3000);
    sender.since = this.#now;
  }

  #rival(): void {
    const rival = this.#senders.find(({ isRival }) => isRival);
    if (rival === undefined) this.#senders.push(this.#sender(pick(this.#random, STREAMS), true));
    else this.#end(rival);
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
    for (const sender of this.#senders) sender.since = Math.max(sender.since, this.#now);
  }

  #heal(): void {
    const { redis } = this.stage;
    this.#note("all is well from now on");
    this.#isCalm = true;
    if (redis.stopped) redis.resume();
    redis.dead = false;
    this.#redisSince = this.#now;
    for (const member of this.#members) redis.cutOff.delete(member.node.state.id);
    this.#join();
    for (const sender of this.#senders.filter(({ isRival }) => isRival)) this.#end(sender);
  }

  #check(): void {
    const now = this.#now;
    for (const { stream, member, playedAt, since } of this.#watchers) {
      const sender = this.#senders.find((each) => each.stream === stream && !each.isRival);
      const rival = this.#senders.find((each) => each.stream === stream && each.isRival);
      if (sender?.push?.told[0] !== "running" || sender.at === undefined || rival !== undefined) continue;
      const { at } = sender;
      const isCut = [at, member].some(({ node, drains }) => drains || this.stage.redis.cutOff.has(node.state.id));
      const hasLink = at === member || !this.stage.net.cuts.has(`${member.name}>${at.name}`);
      if (isCut || !hasLink || this.#redisSince === undefined) continue;
      const well = Math.max(since, sender.since, at.since, member.since, this.#redisSince);
      if (now - Math.max(well, playedAt) >= BOUND_MS)
        this.wrong.push(`${now}: a viewer of ${stream} at ${member.name} gets nothing from ${at.name}`);
    }
  }

  /** Everybody leaves: nothing stays. */
  async #leave(): Promise<void> {
    for (const { viewer } of this.#watchers.splice(0)) viewer.leave();
    for (const sender of [...this.#senders]) this.#end(sender);
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
    const keys = this.stage.redis.model.keys.filter((key) => !key.includes(":stream:"));
    if (keys.length > 0) this.wrong.push(`the registry still has ${keys}`);
    if (this.stage.redis.connections > 0) this.wrong.push(`${this.stage.redis.connections} connections to redis stay`);
    // The clock's tick of each node's connections is its test's.
    for (const { name, clock } of this.#members)
      if (clock.timers > 1) this.wrong.push(`${name} still has ${clock.timers - 1} timers`);
  }
}
