import { createHash } from "node:crypto";
import type { LiveEdge } from "./live-edge.ts";
import type { Segment, SegmentKey, SegmentPart } from "./segment.ts";
import type { SegmentNames } from "./window.ts";

/** What names are made of. */
export interface NamingConfig {
  readonly fragmentMs: number;
  /** Undefined where segments have no parts. */
  readonly partMs: number | undefined;
  /** Undefined for a stream that is cut as a whole. */
  readonly rendition: string | undefined;
  /** What names end with. */
  readonly suffix: string;
  randomHex(bytes: number): string;
}

/** Gives the key that a segment is encrypted with; undefined for a segment in the clear. */
export type KeyOf = (segment: Pick<Segment, "epoch" | "number">) => SegmentKey | undefined;

/**
 * Names of a stream's segments, parts and init segments. They can't be guessed, each is of one content only, and servers that have the
 * same content give it the same name.
 */
export class Names implements SegmentNames {
  readonly #config: NamingConfig;
  /** Parts at the live edge keep the names that they have there. */
  readonly #edge: () => LiveEdge | undefined;
  readonly #keyOf: KeyOf;

  constructor(config: NamingConfig, edge: () => LiveEdge | undefined, keyOf: KeyOf) {
    this.#config = config;
    this.#edge = edge;
    this.#keyOf = keyOf;
  }

  nameOf(segment: Segment): string {
    const { damaged, key } = segment;
    return `${this.plainNameOf(segment)}${encryptedBy(key)}${this.#ownIf(damaged)}${this.#config.suffix}`;
  }

  /** Name of a segment in the clear, without the suffix. */
  plainNameOf({ epoch, number }: Pick<Segment, "epoch" | "number">): string {
    const { fragmentMs, partMs, rendition } = this.#config;
    const parts = partMs === undefined ? "" : `p${partMs}`;
    return `${epoch}-${fragmentMs / 1000}${parts}-${number}${rendition === undefined ? "" : `-${rendition}`}`;
  }

  partNameOf({ segment, index, damaged }: SegmentPart): string {
    const name = this.#edge()?.nameOf(segment.epoch, segment.number, index);
    const plain = `${this.plainNameOf(segment)}.${index}${encryptedBy(segment.key)}`;
    return name ?? `${plain}${this.#ownIf(damaged)}${this.#config.suffix}`;
  }

  initNameOf(epoch: string, init: Uint8Array): string {
    return `${epoch}-${createHash("sha256").update(init).digest("hex").slice(0, 16)}.mp4`;
  }

  /** The name that the next part will have if no packets are lost; undefined without parts, and before the first segment. */
  get hint(): string | undefined {
    const next = this.#edge()?.next;
    if (next === undefined) return undefined;
    return `${this.plainNameOf(next)}.${next.index}${encryptedBy(this.#keyOf(next))}${this.#config.suffix}`;
  }

  #ownIf(damaged: boolean): string {
    return damaged ? `-${this.#config.randomHex(4)}` : "";
  }
}

/** The mark of a key in the names of its segments and their parts; "" in the clear. */
function encryptedBy(key: SegmentKey | undefined): string {
  return key === undefined ? "" : `-${key.id.slice(0, 8)}`;
}
