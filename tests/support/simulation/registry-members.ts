import { ProcessClock } from "../process-clock.ts";
import { between } from "../random.ts";
import type { HistoryNode, HistoryStage } from "./history-stage.ts";
import { type BrokenRule, breakNode } from "./registry-rules.ts";
import type { HistoryServers } from "./registry-servers.ts";

/** After an upgrade, the old process ends within this time, ms. */
const DRAIN_MS = 25_000;

/** A process of a node. */
interface NodeProcess {
  readonly node: HistoryNode;
  readonly clock: ProcessClock;
  /** When it began, ms. */
  readonly startedAt: number;
}

/** A node: one process, or two during an upgrade. */
export interface Member extends NodeProcess {
  readonly name: string;
  node: HistoryNode;
  clock: ProcessClock;
  startedAt: number;
  /** The process before this one, as long as it drains, and the sockets by which they know each other. */
  old: (NodeProcess & { readonly paths: readonly [string, string] }) | undefined;
  /** Since when nothing has happened to it, its way to the registry and its links, ms. */
  since: number;
  drains: boolean;
}

/** What nodes need of a history. */
export interface MembersContext {
  readonly stage: HistoryStage;
  readonly servers: HistoryServers;
  readonly random: () => number;
  readonly broken: BrokenRule | undefined;
  note(text: string): void;
  /** A process is gone, and its viewers with it. */
  ended(node: HistoryNode): void;
  /** What came over a node or a link may have to come another way. */
  changed(): void;
}

/** The nodes of a history, and what befalls them and the links between them. */
export class Members {
  readonly all: Member[] = [];
  readonly #context: MembersContext;
  #names = 0;

  constructor(context: MembersContext) {
    this.#context = context;
  }

  start(): Member {
    const name = `n${this.#names++}`;
    const member = { name, ...this.#process(name), old: undefined, since: this.#now, drains: false };
    member.node.listen();
    this.all.push(member);
    return member;
  }

  /** The processes of a node are gone, and with them their connections; `silently`, so that nobody is told. */
  kill(member: Member, silently = false): void {
    const { stage, servers, note, changed } = this.#context;
    note(`${member.name} ${silently ? "loses power" : "is killed"}`);
    this.all.splice(this.all.indexOf(member), 1);
    this.#end(member, silently);
    this.endOld(member, silently);
    if (!silently) stage.kill(member.name);
    servers.forget(member.node.state.id);
    this.setSince();
    changed();
  }

  /** It lets nobody in any more, waits a while, and stops. */
  drain(member: Member): void {
    const { stage, random, note } = this.#context;
    if (member.drains) return;
    note(`${member.name} drains`);
    member.drains = true;
    member.node.state = { ...member.node.state, draining: true };
    member.node.registry.drain();
    stage.clock.after(between(random, 1000, 10_000), () => {
      if (!this.all.includes(member)) return;
      note(`${member.name} stops`);
      member.node.registry.stop();
      stage.clock.after(2100, () => {
        if (this.all.includes(member)) this.kill(member);
      });
    });
  }

  /** A new process takes the node's place; the old one keeps its clients for a while. */
  upgrade(member: Member): void {
    const { stage, random, note } = this.#context;
    if (member.old !== undefined || member.drains) return;
    note(`${member.name} is upgraded`);
    const path = `/${member.name}/${this.#now}`;
    const { node: before, clock, startedAt } = member;
    const old = { node: before, clock, startedAt, paths: [path, `${path}/next`] as const };
    old.node.handover.expect(path, () => old.node.registry.handOver());
    const next = this.#process(member.name);
    Object.assign(member, next, { old });
    // As in `app/server`: what is published before the two know each other would stay unknown to the old process.
    void next.node.handover.join(...old.paths).then(() => {
      next.node.listen();
      next.node.handover.ready();
    });
    stage.clock.after(between(random, 1000, DRAIN_MS), () => {
      if (member.old === old) this.endOld(member);
    });
  }

  /** The old process of a node has drained. */
  endOld(member: Member, silently = false): void {
    const { old } = member;
    if (old === undefined) return;
    this.#context.note(`the old process of ${member.name} ends`);
    member.old = undefined;
    old.node.handover.stop();
    old.node.registry.stop();
    this.#end(old, silently);
    this.#context.stage.endLocal(old.paths);
  }

  cut(one: Member, other: Member): void {
    this.#context.note(`${one.name} and ${other.name} are cut off from each other`);
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#context.stage.cut(from.name, to.name);
      from.since = this.#now;
    }
  }

  /** All links between nodes are whole. */
  join(): void {
    this.#context.stage.join();
    this.#context.note("all links are whole");
    this.setSince();
    this.#context.changed();
  }

  setSince(): void {
    for (const member of this.all) member.since = this.#now;
  }

  get #now(): number {
    return this.#context.stage.clock.now();
  }

  #process(name: string): NodeProcess {
    const { stage, servers, random, broken } = this.#context;
    const clock = new ProcessClock(stage.clock);
    const node = stage.node(name, { servers, clock, random });
    if (broken !== undefined) breakNode(node, broken);
    return { node, clock, startedAt: this.#now };
  }

  #end({ node, clock }: NodeProcess, silently: boolean): void {
    clock.end();
    this.#context.ended(node);
    this.#context.stage.end(node, silently);
    this.#context.servers.end(node);
  }
}
