/** Maximum number of spans of an epoch; another epoch begins instead of one more. */
export const MAX_SPANS = 16;
/** Slots do not wait for key frames that are further apart than this, and may begin without one. */
export const MAX_GOP_MS = 30_000;
/** The distance of key frames is rounded up to a multiple of the step; up to the tolerance, an excess is ignored. */
const GOP_STEP_MS = 500;
const GOP_TOLERANCE_MS = 50;
/** A key frame up to this much before a slot belongs to it, as encoders' clocks are not exact. */
const EARLY_KEY_MS = 100;

/**
 * A track that begins this long (ms) after `clockZero` is late: with the shortest fragment, the first slot may be over, from which
 * players know the tracks. A discontinuity then adds the track.
 */
export const LATE_TRACK_MS = 900;

/** A part of a stream with slots of one length. Times are whole ms on the stream's time line. */
export interface Span {
  /** Where it begins: a key frame, or its first packet. */
  readonly from: number;
  /** Its end: all its packets are before this. Undefined while it continues. */
  readonly to: number | undefined;
  /** Time of its last key frame; undefined while it continues, and if there is no video at its end. */
  readonly key: number | undefined;
  /** Time of its first key frame, if other packets precede that: readers that need a picture begin there. */
  readonly start?: number | undefined;
  /** Programme date at `from`, Unix ms. */
  readonly wall: number;
  /** The distance of key frames by which slots are sized, ms; 0 while it is unknown. */
  readonly gop: number;
  /** Codecs, headers or the encoder's clock differ from the span before; for the first span, from the epoch before. */
  readonly discontinuity: boolean;
}

/**
 * Gives each packet of a stream its date, slot and segment number, equal on all servers of the stream; each server has it in its own
 * stream time. Never changed: another one replaces it.
 */
export interface Epoch {
  /** 32 random hexadecimal digits, so that nobody can guess it. Numbers do not continue from one id to another. */
  readonly id: string;
  /** Discontinuity sequence of the first span. */
  readonly discontinuity: number;
  /** Added to numbers: an epoch that replaces another has greater ones. */
  readonly ahead: number;
  /** Oldest first, 1 to `MAX_SPANS`. */
  readonly spans: readonly [Span, ...Span[]];
}

/** How a span begins. */
export interface SpanStart {
  readonly from: number;
  /** Time of the last key frame of the span before, if there is video at its end. */
  readonly key?: number | undefined;
  /** The date now by the clock, Unix ms; undefined: dates continue from the span before. */
  readonly wall: number | undefined;
  readonly gop: number;
  readonly discontinuity: boolean;
}

/** Where a time lies in an epoch, for slots of at least `fragmentMs`. */
export interface Slot {
  /** Index of its span. */
  readonly span: number;
  /** Number within the span, from 0. */
  readonly slot: number;
  /** Number within the epoch, which is its segment's number. */
  readonly number: number;
  readonly discontinuity: number;
}

/** Over a server's life, there is less than one discontinuity in this time, ms. */
const BREAK_MS = 10_000;
/** The first discontinuity sequence is below this: hls.js walks an array of its length at each playlist that it loads. */
const MAX_FIRST_DISCONTINUITY = 8192;

/** The first discontinuity sequence (RFC 8216 4.3.3.3): small, and after a restart greater than before, except once in 22 hours. */
function firstDiscontinuity(wall: number): number {
  return Math.floor(wall / BREAK_MS) % MAX_FIRST_DISCONTINUITY;
}

/** Begins an epoch. One that replaces `before` has greater numbers, and dates that don't run back. */
export function beginEpoch(id: string, wall: number, from: number, gop = 0, before?: Epoch): Epoch {
  if (before === undefined) {
    const first = newSpan(from, Math.round(wall), gop, false);
    return { id, discontinuity: firstDiscontinuity(first.wall), ahead: 0, spans: [first] };
  }
  const last = before.spans.length - 1;
  const date = Math.max(Math.round(wall), endDate(before.spans[last] as Span));
  return {
    id,
    discontinuity: discontinuityOf(before, last) + 1,
    // Each span may have one slot more than fragments fit into its length: as many numbers are skipped, so that none repeats.
    ahead: before.ahead + before.spans.length + 1,
    spans: [newSpan(from, date, gop, true)],
  };
}

/** The epoch with one more span, where the last one ends if it has not; undefined if the epoch can't continue so. */
export function extendEpoch(epoch: Epoch, start: SpanStart): Epoch | undefined {
  const { spans } = epoch;
  const last = spans.at(-1) as Span;
  if (spans.length === MAX_SPANS || start.from <= last.from || start.from < (last.to ?? start.from)) return undefined;
  const ended = last.to === undefined ? endSpan(last, start.from, start.key) : last;
  const continued = dateAt(ended, start.from);
  const wall = start.wall === undefined ? continued : Math.max(Math.round(start.wall), endDate(ended));
  const next = newSpan(start.from, wall, start.gop, start.discontinuity);
  return withSpans(epoch, [...spans.slice(0, -1), ended, next]);
}

/** The epoch with its last span ended; `newest` is the time of the last packet, `key` as in `SpanStart`. */
export function endEpoch(epoch: Epoch, newest: number, key?: number): Epoch {
  const last = epoch.spans.at(-1) as Span;
  if (last.to !== undefined) return epoch;
  return withSpans(epoch, [...epoch.spans.slice(0, -1), endSpan(last, Math.max(newest, last.from) + 1, key)]);
}

/** The epoch with the first key frame of its last span at `start`, after other packets of it. */
export function startSpan(epoch: Epoch, start: number): Epoch {
  const last = epoch.spans.at(-1) as Span;
  return withSpans(epoch, [...epoch.spans.slice(0, -1), { ...last, start }]);
}

/** The same epoch on another time line, whose times are greater by `ms`. */
export function shiftEpoch(epoch: Epoch, ms: number): Epoch {
  if (ms === 0) return epoch;
  const shifted = (time: number | undefined) => (time === undefined ? undefined : time + ms);
  const shiftSpan = ({ from, to, key, start, ...span }: Span) => ({
    ...span,
    from: from + ms,
    to: shifted(to),
    key: shifted(key),
    ...(start === undefined ? {} : { start: start + ms }),
  });
  return withSpans(epoch, epoch.spans.map(shiftSpan));
}

/** Whether two epochs are equal. */
export function sameEpoch(a: Epoch | undefined, b: Epoch | undefined): boolean {
  if (a === b) return true;
  if (a?.id !== b?.id || a === undefined || b === undefined || a.spans.length !== b.spans.length) return false;
  if (a.discontinuity !== b.discontinuity || a.ahead !== b.ahead) return false;
  return a.spans.every((span, at) => {
    const other = b.spans[at] as Span;
    const { from, to, key, start, wall, gop, discontinuity } = span;
    const times = from === other.from && to === other.to && key === other.key && start === other.start;
    return times && wall === other.wall && gop === other.gop && discontinuity === other.discontinuity;
  });
}

/** The distance of two key frames, rounded as in spans, ms. */
export function measureGop(ms: number): number {
  const steps = Math.ceil((ms - GOP_TOLERANCE_MS) / GOP_STEP_MS);
  return Math.max(steps, 1) * GOP_STEP_MS;
}

/** Index of the last span that begins at or before a time; -1 if none does. */
export function spanAt({ spans }: Epoch, time: number): number {
  return spans.findLastIndex(({ from }) => from <= time);
}

/** Length of a span's slots, ms: the fewest whole fragments with which each slot has a key frame. */
export function slotMs({ gop }: Span, fragmentMs: number): number {
  return gop > MAX_GOP_MS ? fragmentMs : fragmentMs * Math.max(1, Math.ceil(gop / fragmentMs));
}

/** Where a slot of a span begins. */
export function slotStart(span: Span, fragmentMs: number, slot: number): number {
  const ms = slotMs(span, fragmentMs);
  return slot <= 0 ? span.from : span.from + slot * ms - early(ms);
}

/** The slot of a span in which a time lies; for later times, the span's last slot. */
export function slotAt(span: Span, fragmentMs: number, time: number): number {
  const count = slotCount(span, fragmentMs) ?? Number.POSITIVE_INFINITY;
  return Math.min(openSlotAt(span, fragmentMs, time), count - 1);
}

/**
 * How many slots a span has; undefined while it continues. The rest after its last whole slot is a slot if it has a key frame, or if
 * there is no video; otherwise it belongs to the slot before.
 */
export function slotCount(span: Span, fragmentMs: number): number | undefined {
  const { to, key } = span;
  if (to === undefined) return undefined;
  const last = openSlotAt(span, fragmentMs, to - 1);
  return key === undefined ? last + 1 : Math.max(openSlotAt(span, fragmentMs, key) + 1, last);
}

/** The number of a span's first slot. */
export function firstNumber({ ahead, spans }: Epoch, fragmentMs: number, span: number): number {
  let number = Math.floor(spans[0].wall / fragmentMs) + ahead;
  for (let at = 0; at < span; at++) number += slotCount(spans[at] as Span, fragmentMs) ?? 0;
  return number;
}

/** The discontinuity sequence of a span. */
export function discontinuityOf({ discontinuity, spans }: Epoch, span: number): number {
  let sequence = discontinuity;
  for (let at = 1; at <= span; at++) if (spans[at]?.discontinuity) sequence++;
  return sequence;
}

/** Where a time lies; undefined for a time before the epoch. `fragmentMs` is a whole number, 1 or more. */
export function locate(epoch: Epoch, fragmentMs: number, time: number): Slot | undefined {
  const at = spanAt(epoch, time);
  const span = epoch.spans[at];
  if (span === undefined) return undefined;
  const slot = slotAt(span, fragmentMs, time);
  const number = firstNumber(epoch, fragmentMs, at) + slot;
  return { span: at, slot, number, discontinuity: discontinuityOf(epoch, at) };
}

/** Stream time at which the clock of a span's segments began: the start of the last span with a discontinuity, or of the first. */
export function clockZero({ spans }: Epoch, span = spans.length - 1): number {
  for (let at = span; at > 0; at--) {
    const each = spans[at] as Span;
    if (each.discontinuity) return each.from;
  }
  return spans[0].from;
}

/** The programme date of a time in a span, Unix ms. */
export function dateAt(span: Span, time: number): number {
  return span.wall + time - span.from;
}

/** The slot in which a time would lie if the span did not end. */
function openSlotAt(span: Span, fragmentMs: number, time: number): number {
  const ms = slotMs(span, fragmentMs);
  return Math.max(0, Math.floor((time - span.from + early(ms)) / ms));
}

function newSpan(from: number, wall: number, gop: number, discontinuity: boolean): Span {
  return { from, to: undefined, key: undefined, wall, gop, discontinuity };
}

function endSpan({ start, ...span }: Span, to: number, key: number | undefined): Span {
  const ended = { ...span, to, key: key !== undefined && key >= span.from && key < to ? key : undefined };
  return start === undefined || start >= to ? ended : { ...ended, start };
}

function endDate(span: Span): number {
  return dateAt(span, span.to ?? span.from);
}

function early(slot: number): number {
  return Math.min(EARLY_KEY_MS, Math.floor(slot / 4));
}

function withSpans(epoch: Epoch, [first, ...more]: readonly Span[]): Epoch {
  return { ...epoch, spans: [first as Span, ...more] };
}
