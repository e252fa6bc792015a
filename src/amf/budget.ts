import { ProtocolError } from "../base/errors.ts";
import { MAX_CONTAINERS, MAX_DEPTH, MAX_REFERENCED_BYTES, MAX_VALUES } from "./limits.ts";

/** Counts what one body costs its reader; throws `ProtocolError` when a limit of `limits.ts` is exceeded. */
export class Budget {
  /** Values read so far. */
  values = 0;
  /** Bytes that references have added so far. */
  referenced = 0;
  /** Objects and arrays read so far. */
  containers = 0;
  /** Objects and arrays that are open now. */
  depth = 0;
  /** The greatest `depth` since the innermost open object began. */
  maxDepth = 0;

  /** One or more values are about to be read. */
  spend(values: number): void {
    this.values += values;
    if (this.values > MAX_VALUES) throw new ProtocolError(`AMF body has more than ${MAX_VALUES} values`);
  }

  /** A reference stands for `bytes` that were read before: a few bytes must not make gigabytes. */
  refer(bytes: number): void {
    this.referenced += bytes;
    if (this.referenced > MAX_REFERENCED_BYTES) {
      throw new ProtocolError(`AMF references stand for more than ${MAX_REFERENCED_BYTES} bytes`);
    }
  }

  /** An object or array begins. */
  contain(): void {
    this.containers += 1;
    if (this.containers > MAX_CONTAINERS) {
      throw new ProtocolError(`AMF body has more than ${MAX_CONTAINERS} objects and arrays`);
    }
  }

  /** A value that has `levels` of objects and arrays comes next. */
  reach(levels: number): void {
    const depth = this.depth + levels;
    if (depth > MAX_DEPTH) throw new ProtocolError(`AMF values are nested deeper than ${MAX_DEPTH}`);
    if (depth > this.maxDepth) this.maxDepth = depth;
  }
}
