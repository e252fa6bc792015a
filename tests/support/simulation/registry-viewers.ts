import { pick } from "../random.ts";
import type { HistoryNode, HistoryStage, HistoryViewer } from "./history-stage.ts";
import type { Encoders } from "./registry-encoders.ts";
import type { Member } from "./registry-members.ts";
import type { HistoryServers } from "./registry-servers.ts";

/** A viewer plays when it and its encoder could have done so undisturbed for this long, ms. */
const BOUND_MS = 15_000;
const MOST = 8;

/** A viewer of a stream at a node. */
interface Watcher {
  readonly stream: string;
  readonly member: Member;
  /** The process of the node that it is connected to. */
  readonly node: HistoryNode;
  readonly viewer: HistoryViewer;
  readonly since: number;
  /** When it got a picture last, ms. */
  playedAt: number;
}

/** What viewers need of a history. */
export interface ViewersContext {
  readonly stage: HistoryStage;
  readonly random: () => number;
  readonly encoders: Encoders;
  readonly servers: HistoryServers;
  note(text: string): void;
}

/** The viewers of a history, and whether each of them gets what it could. */
export class Viewers {
  readonly #context: ViewersContext;
  readonly #all: Watcher[] = [];

  constructor(context: ViewersContext) {
    this.#context = context;
  }

  join(stream: string, member: Member): void {
    if (this.#all.length >= MOST || member.drains) return;
    const { stage, note } = this.#context;
    note(`viewer of ${stream} at ${member.name}`);
    const now = stage.clock.now();
    const { node } = member;
    this.#all.push({ stream, member, node, viewer: stage.watch(node, stream), since: now, playedAt: now });
  }

  /** One of them leaves. */
  leave(): void {
    if (this.#all.length === 0) return;
    const watcher = pick(this.#context.random, this.#all);
    this.#context.note(`viewer of ${watcher.stream} leaves ${watcher.member.name}`);
    watcher.viewer.leave();
    this.#all.splice(this.#all.indexOf(watcher), 1);
  }

  leaveAll(): void {
    for (const { viewer } of this.#all.splice(0)) viewer.leave();
  }

  /** A process of a node is gone, and its viewers with it. */
  forget(node: HistoryNode): void {
    for (const watcher of this.#all.filter((each) => each.node === node))
      this.#all.splice(this.#all.indexOf(watcher), 1);
  }

  /** Sees which of them have got a key frame. */
  look(): void {
    for (const watcher of this.#all) if (watcher.viewer.played()) watcher.playedAt = this.#context.stage.clock.now();
  }

  /** Whether all viewers that can play have played within this time, ms. */
  allPlay(ms: number): boolean {
    const now = this.#context.stage.clock.now();
    return this.#all.every((watcher) => now - watcher.playedAt <= ms || this.#wellSince(watcher) > now);
  }

  /** Those that get nothing, though they could for long enough. */
  wrong(): readonly string[] {
    const now = this.#context.stage.clock.now();
    const late = this.#all.filter((watcher) => now - Math.max(this.#wellSince(watcher), watcher.playedAt) >= BOUND_MS);
    return late.map(({ stream, member }) => `${now}: a viewer of ${stream} at ${member.name} gets nothing`);
  }

  /** Since when a viewer could play, ms: whichever of the stream's encoders has it, no fault is on the way. Infinity: it can't. */
  #wellSince({ stream, member, since }: Watcher): number {
    const { stage, encoders, servers } = this.#context;
    const running = encoders.running(stream);
    if (running.length === 0 || servers.since === undefined) return Number.POSITIVE_INFINITY;
    // Until then the stream was where the lost encoder had it.
    const times = [since, member.since, servers.since, encoders.lostAt.get(stream) ?? 0];
    for (const { at, since: sendsSince } of running) {
      if (at === undefined) continue;
      const isCut = [at, member].some(({ node, drains }) => drains || servers.isCutOff(node.state.id));
      const hasLink = at === member || !stage.cuts.has(`${member.name}>${at.name}`);
      if (isCut || !hasLink) return Number.POSITIVE_INFINITY;
      times.push(sendsSince, at.since);
    }
    return Math.max(...times);
  }
}
