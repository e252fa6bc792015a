import type { NetStream } from "../../rtmp/net-stream.ts";
import { Pending, type Question } from "./pending.ts";
import type { Player } from "./player.ts";
import type { Publisher } from "./publisher.ts";

/** A publish or play that is not answered yet. */
interface Waiting {
  readonly kind: "waiting";
  readonly net: NetStream;
  readonly pending: Pending;
}

type Task = Waiting | Publisher | Player;

const NONE: readonly never[] = [];

/** The order in which tasks end: publishers first, so that players of the same connection are notified. */
const ORDER = { publish: 0, play: 1, waiting: 2 } as const;

/**
 * The tasks of a connection's message streams, one each:
 *
 *     asked ──let in──> taking over ──has the stream──> publishing ──> ended
 *       └─────let in──> playing ─────────────────────────────────────────^
 *
 * While a task is asked for, the guards decide. While it takes over, another publisher has the stream and may be gone. Both states
 * are `waiting`, and every task may end at any time.
 */
export class Tasks {
  readonly #tasks = new Map<NetStream, Task>();
  /** Tasks that publish. The list is replaced, never changed: it is read each second for every connection. */
  publishers: readonly Publisher[] = NONE;
  /** Tasks that play for other servers; replaced, never changed. */
  relays: readonly Player[] = NONE;
  readonly #attempt: (work: () => void) => void;

  /** `attempt` runs what follows an answer: commands that waited for it are processed then, and may breach the protocol. */
  constructor(attempt: (work: () => void) => void) {
    this.#attempt = attempt;
  }

  /** The number of message streams that publish or play, or have asked to. */
  get size(): number {
    return this.#tasks.size;
  }

  /** All tasks, publishers first. */
  all(): Task[] {
    return [...this.#tasks.values()].sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
  }

  publisher(net: NetStream): Publisher | undefined {
    const task = this.#tasks.get(net);
    return task?.kind === "publish" ? task : undefined;
  }

  player(net: NetStream): Player | undefined {
    const task = this.#tasks.get(net);
    return task?.kind === "play" ? task : undefined;
  }

  /** Asks for a message stream without a task, and calls `proceed` with the answer. */
  ask<Answer>(net: NetStream, question: Question<Answer>, proceed: (answer: Answer) => void): void {
    const pending = new Pending();
    this.#tasks.set(net, { kind: "waiting", net, pending });
    pending.ask(question, (answer) => {
      this.#tasks.delete(net);
      this.#attempt(() => proceed(answer));
    });
  }

  /** A message stream publishes or plays from now on. */
  begin(task: Publisher | Player): void {
    this.#tasks.set(task.net, task);
    if (task.kind === "publish") this.publishers = [...this.publishers, task];
    else if (task.relay) this.relays = [...this.relays, task];
  }

  /** The transport has room again. */
  drained(): void {
    for (const task of this.#tasks.values()) if (task.kind === "play") task.drained();
  }

  /** Removes a message stream's task; a pending answer no longer comes. */
  take(net: NetStream): Publisher | Player | undefined {
    const task = this.#tasks.get(net);
    this.#tasks.delete(net);
    if (task?.kind === "publish") this.publishers = this.publishers.filter((publisher) => publisher !== task);
    else if (task?.kind === "play" && task.relay) this.relays = this.relays.filter((relay) => relay !== task);
    if (task?.kind !== "waiting") return task;
    task.pending.cancel();
    return undefined;
  }
}
