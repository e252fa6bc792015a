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

/** Epochs do not tell GOPs up to this long, ms. */
const UNTOLD_GOP_MS = 1000;

/** A slot of an epoch by its number. */
export interface NumberedSlot {
  /** Index of its span. */
  readonly span: number;
  readonly number: number;
  /** Stream times at which the slot begins, and at which the next slot begins or the span ends; whole ms. */
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

/** Whether two slots are the same. While a span's end is unknown, its last slots may have the numbers of the next span's first ones. */
export function isSame(a: Slot, b: Slot): boolean {
  return a.number === b.number && a.span === b.span;
}

/**
 * Upper bound of the durations of the epoch's segments, whole seconds. A segment begins at its slot's first key frame, and the next one at
 * most a GOP after its own slot begins. A segment with listed parts may last into the next slot, if that has no key frame.
 */
export function targetSeconds({ spans }: Epoch, fragmentMs: number, hasParts: boolean): number {
  return Math.max(...spans.map((span) => Math.ceil(maxMs(span, fragmentMs, hasParts) / 1000)));
}

function maxMs(span: Span, fragmentMs: number, hasParts: boolean): number {
  const slot = slotMs(span, fragmentMs);
  return hasParts || span.gop > MAX_GOP_MS ? 2 * slot : slot + Math.max(span.gop, UNTOLD_GOP_MS);
}
