import { between, pick } from "../random.ts";
import { FIRST_PACKET_MS, type HistoryEncoder, type HistoryStage, type Push } from "./history-stage.ts";
import type { Member } from "./registry-members.ts";

/** Time after which the node has noticed that an encoder left, ms: the name is then the other encoder's alone. */
const ALONE_MS = FIRST_PACKET_MS + 2000;

/** An encoder of one stream, which comes back when it was refused or has lost its connection. */
export interface Sender {
  readonly stream: string;
  readonly feed: HistoryEncoder;
  /** A rival came second, and wants the same name; where publishers replace each other, it gives up when it is replaced. */
  readonly isRival: boolean;
  push: Push | undefined;
  at: Member | undefined;
  retryAt: number;
  /** Whether its node has received a frame of it. */
  hasSent: boolean;
  /** Since when it sends to the same node, ms. */
  since: number;
}

/** What encoders need of a history. */
export interface EncodersContext {
  readonly stage: HistoryStage;
  readonly random: () => number;
  readonly members: readonly Member[];
  note(text: string): void;
  /** An encoder publishes this stream from now on. */
  running(stream: string): void;
  /** An encoder that published does so no more, for this reason. */
  stopped(sender: Sender, why: string): void;
  /** An encoder whose name nobody else wants was refused, for this reason. */
  refused(sender: Sender, why: string): void;
}

/** The encoders of a history: each wants a name, and comes to any node until one takes it. */
export class Encoders {
  readonly all: Sender[] = [];
  readonly #context: EncodersContext;
  /** They come back later when they were refused. */
  isPatient = false;
  /** When a stream last had an encoder more, ms. */
  readonly #rivalAt = new Map<string, number>();
  /** When a stream last lost an encoder that published it, ms. */
  readonly lostAt = new Map<string, number>();

  constructor(context: EncodersContext) {
    this.#context = context;
  }

  add(stream: string, isRival: boolean): void {
    const { stage, random } = this.#context;
    const feed = stage.encoder(between(random, 0, 100) * 10_000);
    const now = stage.clock.now();
    this.all.push({ stream, feed, isRival, push: undefined, at: undefined, hasSent: false, retryAt: now, since: now });
  }

  /** The encoders of a stream that a living node has taken and not refused since. */
  running(stream: string): readonly Sender[] {
    return this.all.filter((sender) => sender.stream === stream && isRunning(sender.push) && this.#isThere(sender));
  }

  /** Whether the encoder's node still has power; the encoder notices a loss only later. */
  #isThere({ at }: Sender): boolean {
    return at !== undefined && this.#context.members.includes(at);
  }

  rivalOf(stream: string): Sender | undefined {
    return this.all.find((sender) => sender.stream === stream && sender.isRival);
  }

  /** Each sends the next key frame, and those without a node come to one. */
  step(frameMs: number): void {
    for (const sender of [...this.all]) {
      sender.feed.frame(frameMs);
      sender.hasSent ||= isRunning(sender.push);
      this.#look(sender);
      if (sender.push === undefined && this.all.includes(sender)) this.#come(sender);
    }
  }

  /** What comes from them has to come another way. */
  setSince(): void {
    for (const sender of this.all) sender.since = this.#context.stage.clock.now();
  }

  /** Encoders that have waited for so long for a node to decide about a name that is theirs alone. */
  waiting(ms: number): readonly Sender[] {
    const comeBy = this.#context.stage.clock.now() - ms;
    return this.all.filter((each) => each.push?.told.length === 0 && each.since <= comeBy && this.#isAlone(each));
  }

  /** It leaves its node in any way, and comes to any. */
  move(sender: Sender): void {
    const { stage, random, note } = this.#context;
    const how = pick(random, ["leaves", "is unplugged from", "is killed at"] as const);
    note(`encoder of ${sender.stream} ${how} ${sender.at?.name}`);
    if (how === "leaves") sender.push?.stop();
    else if (how === "is unplugged from") sender.feed.unplug();
    else sender.feed.hangUp();
    this.lostAt.set(sender.stream, stage.clock.now());
    // Until its first packet, a publisher counts as alive.
    if (!sender.hasSent) this.#rivalAt.set(sender.stream, stage.clock.now());
    sender.push = undefined;
    sender.retryAt = stage.clock.now() + between(random, 0, 3000);
    sender.since = stage.clock.now();
  }

  end(sender: Sender): void {
    sender.push?.stop();
    sender.feed.end();
    this.all.splice(this.all.indexOf(sender), 1);
    this.#rivalAt.set(sender.stream, this.#context.stage.clock.now());
    this.lostAt.set(sender.stream, this.#context.stage.clock.now());
  }

  #look(sender: Sender): void {
    const { stage, random, note, stopped } = this.#context;
    const error = sender.push?.told.find((told) => told !== "running");
    if (error === undefined) return;
    note(`encoder of ${sender.stream} at ${sender.at?.name}: ${error}`);
    const ran = sender.push?.told[0] === "running";
    sender.push = undefined;
    sender.retryAt = stage.clock.now() + between(random, 200, this.isPatient && !ran ? 8000 : 3000);
    if (!ran) {
      if (this.#isAlone(sender)) this.#context.refused(sender, error);
      return;
    }
    this.lostAt.set(sender.stream, stage.clock.now());
    if (this.#isThere(sender)) stopped(sender, error);
    if (sender.isRival && stage.onConflict === "replace") this.end(sender);
  }

  /** Nobody else has wanted its name for a while. */
  #isAlone({ stream }: Sender): boolean {
    const { stage } = this.#context;
    const others = this.all.filter((other) => other.stream === stream).length > 1;
    return !others && stage.clock.now() - (this.#rivalAt.get(stream) ?? Number.NEGATIVE_INFINITY) > ALONE_MS;
  }

  #come(sender: Sender): void {
    const { stage, random, note, members, running } = this.#context;
    if (stage.clock.now() < sender.retryAt) return;
    const fit = members.filter(({ drains }) => !drains);
    const back = sender.at !== undefined && fit.includes(sender.at) && random() < 0.5;
    sender.at = back ? sender.at : pick(random, fit);
    sender.since = stage.clock.now();
    sender.hasSent = false;
    note(`encoder of ${sender.stream}${sender.isRival ? " (rival)" : ""} to ${sender.at?.name}`);
    const { stream } = sender;
    sender.push = sender.feed.publish(sender.at?.name ?? "", stream, () => running(stream));
  }
}

function isRunning(push: Push | undefined): boolean {
  return push?.told.length === 1 && push.told[0] === "running";
}
