import {
  discontinuityOf,
  type Epoch,
  firstNumber,
  MAX_GOP_MS,
  type Slot,
  type Span,
  slotCount,
  slotMs,
  slotStart,
} from "../../live/source/epoch.ts";

/** Epochs do not tell of GOPs that are no longer than this. */
const UNTOLD_GOP_MS = 1000;

/** A slot of an epoch by its number. */
export interface NumberedSlot {
  /** Index of its span. */
  readonly span: number;
  readonly number: number;
  /** Stream time at which it begins, and where the next one does or its span ends; whole ms. */
  readonly start: number;
  readonly end: number;
  readonly discontinuity: number;
  /** It is the first one of its discontinuity. */
  readonly opens: boolean;
}

/** The slot of a number; undefined for one that is not in the epoch. */
export function slotOf(epoch: Epoch, fragmentMs: number, number: number): NumberedSlot | undefined {
  let first = firstNumber(epoch, fragmentMs, 0);
  if (number < first) return undefined;
  for (const [span, each] of epoch.spans.entries()) {
    const count = slotCount(each, fragmentMs) ?? Number.POSITIVE_INFINITY;
    if (number < first + count) {
      const slot = number - first;
      const next = slot + 1 < count ? slotStart(each, fragmentMs, slot + 1) : each.to;
      const start = slotStart(each, fragmentMs, slot);
      const discontinuity = discontinuityOf(epoch, span);
      return { span, number, start, end: next ?? start, discontinuity, opens: slot === 0 && each.discontinuity };
    }
    first += count;
  }
  return undefined;
}

/** Whether two places are in one slot. Numbers of a span's last slots may be those of the next span's first, before its end is known. */
export function isSame(a: Slot, b: Slot): boolean {
  return a.number === b.number && a.span === b.span;
}

/**
 * No segment of the epoch is longer, whole seconds: one begins at its slot's first key frame, and the next at most a GOP after its
 * own slot's beginning. One with parts that are listed already can't end before its slot does, where the next has no key frame.
 */
export function targetSeconds({ spans }: Epoch, fragmentMs: number, hasParts: boolean): number {
  return Math.max(...spans.map((span) => Math.ceil(maxMs(span, fragmentMs, hasParts) / 1000)));
}

function maxMs(span: Span, fragmentMs: number, hasParts: boolean): number {
  const slot = slotMs(span, fragmentMs);
  return hasParts || span.gop > MAX_GOP_MS ? 2 * slot : slot + Math.max(span.gop, UNTOLD_GOP_MS);
}
