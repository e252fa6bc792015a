import { ProtocolError } from "../base/errors.ts";
import type { Budget } from "./budget.ts";
import type { AmfValue } from "./value.ts";

/** A value that references may stand for, and the cost of each such reference. */
interface Reference {
  value: AmfValue;
  complete: boolean;
  /** Bytes it stands for; the offset it began at while incomplete. */
  bytes: number;
  /** Values in it, itself included; the count before it while incomplete. */
  values: number;
  /** Levels of objects and arrays in it, itself included; the enclosing `maxDepth` while incomplete. */
  levels: number;
}

/**
 * The objects of one body that later values may refer to, by the order in which they began (AMF0 2.9, AMF3 3.12).
 * A reference is charged as if its value stood there again, and one into an object that is still open is refused:
 * so decoded values can be walked and encoded at a known cost.
 */
export class References {
  private readonly entries: Reference[] = [];
  private readonly budget: Budget;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** An object or array begins; its bytes begin at `offset`. Returns its index, for `close`. */
  open(offset: number): number {
    const { budget } = this;
    const enclosing = budget.maxDepth;
    budget.maxDepth = budget.depth;
    budget.contain();
    budget.reach(1);
    budget.depth += 1;
    this.entries.push({
      value: undefined,
      complete: false,
      bytes: offset + budget.referenced,
      // The value itself is counted already.
      values: budget.values - 1,
      levels: enclosing,
    });
    return this.entries.length - 1;
  }

  /** The object is read whole, up to `offset`. */
  close(index: number, value: AmfValue, offset: number): void {
    const { budget } = this;
    const entry = this.entries[index] as Reference; // an index that `open` returned
    const enclosing = entry.levels;
    budget.depth -= 1;
    entry.value = value;
    entry.complete = true;
    entry.bytes = offset + budget.referenced - entry.bytes;
    entry.values = budget.values - entry.values;
    entry.levels = budget.maxDepth - budget.depth;
    budget.maxDepth = Math.max(budget.maxDepth, enclosing);
  }

  /** A value without values in it (date, XML, byte array), which took `bytes`. */
  leaf(value: AmfValue, bytes: number): void {
    this.entries.push({ value, complete: true, bytes, values: 1, levels: 0 });
  }

  /** The value that a reference stands for. Its values are counted again, except one: the reference is counted already. */
  get(index: number): AmfValue {
    const entry = this.entries[index];
    if (entry === undefined) {
      throw new ProtocolError(`AMF reference ${index} points nowhere: ${this.entries.length} objects so far`);
    }
    if (!entry.complete) throw new ProtocolError(`AMF reference ${index} points to an object that contains it`);
    this.budget.refer(entry.bytes);
    this.budget.spend(entry.values - 1);
    this.budget.reach(entry.levels);
    return entry.value;
  }
}
