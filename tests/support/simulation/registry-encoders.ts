import { between, pick } from "../random.ts";
import type { Encoder, EncoderFeed, RegistryStage } from "../registry-stage.ts";
import type { Member } from "./registry-owners.ts";

/** An encoder of one stream, which comes back when it was refused or has lost its connection. */
export interface Sender {
  readonly stream: string;
  readonly feed: EncoderFeed;
  /** A rival came second, and wants the same name; where publishers replace each other, it gives up when it is replaced. */
  readonly isRival: boolean;
  push: Encoder | undefined;
  at: Member | undefined;
  retryAt: number;
  /** Since when it sends to the same node, ms. */
  since: number;
}

/** What encoders need of a history. */
export interface EncodersContext {
  readonly stage: RegistryStage;
  readonly random: () => number;
  readonly members: readonly Member[];
  note(text: string): void;
  /** An encoder that published does so no more, for this reason. */
  stopped(sender: Sender, why: string): void;
}

/** The encoders of a history: each wants a name, and comes to any node until one takes it. */
export class Encoders {
  readonly all: Sender[] = [];
  readonly #context: EncodersContext;
  #feeds = 0;

  constructor(context: EncodersContext) {
    this.#context = context;
  }

  add(stream: string, isRival: boolean): void {
    const { stage, random } = this.#context;
    const feed = stage.feed(`e${this.#feeds++}`);
    feed.media.time = between(random, 0, 100) * 10_000;
    const now = stage.clock.now();
    this.all.push({ stream, feed, isRival, push: undefined, at: undefined, retryAt: now, since: now });
  }

  /** The encoders of a stream that a node has taken and not refused since. */
  running(stream: string): readonly Sender[] {
    return this.all.filter((sender) => sender.stream === stream && sender.push?.told.join() === "running");
  }

  rivalOf(stream: string): Sender | undefined {
    return this.all.find((sender) => sender.stream === stream && sender.isRival);
  }

  /** Each sends the next key frame, and those without a node come to one. */
  step(frameMs: number): void {
    for (const sender of [...this.all]) {
      sender.feed.media.time += frameMs;
      sender.feed.media.key(`k${this.#context.stage.clock.now()}`);
      this.#look(sender);
      if (sender.push === undefined && this.all.includes(sender)) this.#come(sender);
    }
  }

  /** It leaves its node, with a word or because its cable is pulled, and comes to any. */
  move(sender: Sender, how: "leaves" | "is unplugged from"): void {
    const { stage, random, note } = this.#context;
    note(`encoder of ${sender.stream} ${how} ${sender.at?.name}`);
    if (how === "leaves") sender.push?.stop();
    else stage.unplug(sender.feed);
    sender.push = undefined;
    sender.retryAt = stage.clock.now() + between(random, 0, 3000);
    sender.since = stage.clock.now();
  }

  end(sender: Sender): void {
    sender.push?.stop();
    sender.feed.media.source.end("unpublished");
    this.all.splice(this.all.indexOf(sender), 1);
  }

  #look(sender: Sender): void {
    const { stage, random, note, stopped } = this.#context;
    const error = sender.push?.told.find((told) => told !== "running");
    if (error === undefined) return;
    note(`encoder of ${sender.stream} at ${sender.at?.name}: ${error}`);
    const ran = sender.push?.told[0] === "running";
    sender.push = undefined;
    sender.retryAt = stage.clock.now() + between(random, 200, 3000);
    if (!ran) return;
    stopped(sender, error);
    if (sender.isRival && stage.onConflict === "replace") this.end(sender);
  }

  #come(sender: Sender): void {
    const { stage, random, note, members } = this.#context;
    if (stage.clock.now() < sender.retryAt) return;
    const fit = members.filter(({ drains }) => !drains);
    const back = sender.at !== undefined && fit.includes(sender.at) && random() < 0.5;
    sender.at = back ? sender.at : pick(random, fit);
    sender.since = stage.clock.now();
    note(`encoder of ${sender.stream}${sender.isRival ? " (rival)" : ""} to ${sender.at?.name}`);
    sender.push = stage.encode(sender.feed, sender.at?.name ?? "", sender.stream);
  }
}
