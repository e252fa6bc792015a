import type { Epoch } from "./epoch.ts";

/** Maximum number of epochs remembered for packets still in the log, and of losses. */
const MAX_REMEMBERED = 16;

/** Packets before the one at `seq`, whose time is `time` (ms), were lost on their way to this server. */
export interface Loss {
  readonly seq: number;
  readonly time: number;
}

/** The epochs of the packets in a stream's log, and the last losses. */
export class EpochHistory {
  /** Oldest first, each in force from packet `seq` on. */
  readonly #epochs: { readonly seq: number; readonly epoch: Epoch }[] = [];
  readonly #losses: Loss[] = [];

  /** The epoch of the newest packet; undefined before the stream's first frame. */
  get newest(): Epoch | undefined {
    return this.#epochs.at(-1)?.epoch;
  }

  /** The epoch of a packet in the log. */
  at(seq: number): Epoch | undefined {
    return this.#epochs.findLast((known) => known.seq <= seq)?.epoch;
  }

  /** Oldest first. */
  get losses(): readonly Loss[] {
    return this.#losses;
  }

  /** The epoch is in force from packet `seq` on. The log begins at `start`: older packets need no epoch. */
  add(seq: number, epoch: Epoch, start: number): void {
    while (this.#epochs.length > 0 && (this.#epochs.at(-1)?.seq ?? 0) >= seq) this.#epochs.pop();
    remember(this.#epochs, { seq, epoch });
    while ((this.#epochs[1]?.seq ?? start + 1) <= start) this.#epochs.shift();
  }

  /** Packets were lost on their way to this server. */
  lost(loss: Loss): void {
    remember(this.#losses, loss);
  }
}

/** Adds an item to a list of the newest `MAX_REMEMBERED`. */
function remember<T>(list: T[], item: T): void {
  if (list.length === MAX_REMEMBERED) list.shift();
  list.push(item);
}
