import { dateAt, discontinuityOf, type Epoch, locate, type Span, type SpanStart, shiftEpoch } from "./epoch.ts";
import { type EpochMessage, unrolled } from "./epoch-text.ts";

/** Streams of one encoder are no further apart than this, ms. */
const MAX_APART_MS = 10_000;
/** Key frames of one picture are up to this far apart in several streams, as encoders shift their decoding times. */
const SAME_KEY_MS = 100;
/** The shortest fragment, ms: with it, the numbers of two epochs are furthest apart. */
const SHORTEST_FRAGMENT_MS = 1000;

/** Clocks of servers do not differ by more than this. */
const MAX_CLOCK_ERROR_MS = 24 * 3600 * 1000;
/** A server's numbers are no further ahead of the clock than this, and its discontinuities no more. */
const MAX_AHEAD = 2 ** 20;
const MAX_DISCONTINUITY = 2 ** 20;

/** What is needed from a stream to align another stream's epoch with it. */
export interface Programme {
  readonly epoch: Epoch | undefined;
  /** Newest time, ms. */
  readonly newest: number;
  /** Added to its source's timestamps, gives stream times, ms. */
  readonly shift: number;
}

/** Another stream with the same programme: a variant. */
export interface EpochReference {
  readonly programme: Programme;
  /** True: an engine makes this stream from the other, so its timestamps are the other's times. False: one encoder has stamped both. */
  readonly isOrigin: boolean;
}

/** The epoch of the first reference that has one at `timestamp`, shifted to this stream's time, in which `timestamp` is `time`. */
export function likeAt(
  references: readonly EpochReference[] | undefined,
  timestamp: number,
  time: number,
): Epoch | undefined {
  for (const reference of references ?? []) {
    const like = alikeAt(reference, timestamp, time);
    if (like !== undefined) return like;
  }
  return undefined;
}

/**
 * The reference's epoch, shifted to this stream's time, in which `timestamp` is `time`; undefined if the reference's newest time is
 * far away, or its epoch has ended.
 */
function alikeAt({ programme, isOrigin }: EpochReference, timestamp: number, time: number): Epoch | undefined {
  const { epoch, newest, shift } = programme;
  if (epoch === undefined || epoch.spans.at(-1)?.to !== undefined) return undefined;
  const there = unrolled(newest, isOrigin ? timestamp : timestamp + shift);
  return Math.abs(there - newest) > MAX_APART_MS ? undefined : shiftEpoch(epoch, time - there);
}

/** Whether two epochs have the same newest slots and dates. */
export function isAligned(a: Epoch, b: Epoch): boolean {
  const [last, other] = [a.spans.length - 1, b.spans.length - 1];
  const sameNumber = discontinuityOf(a, last) === discontinuityOf(b, other);
  return sameNumber && isSame(a.spans[last] as Span, b.spans[other] as Span);
}

/**
 * The start of the epoch's next span, at a key frame at `time`, as `like` has it; undefined if `like` has none there, or differs
 * before it.
 */
export function nextSpan(like: Epoch, epoch: Epoch, time: number): SpanStart | undefined {
  const next = like.spans.at(-1) as Span;
  const before = { ...like, spans: like.spans.slice(0, -1) } as unknown as Epoch;
  const begins = Math.abs(next.from - time) <= SAME_KEY_MS;
  if (!begins || before.spans.length === 0 || !isAligned(epoch, before)) return undefined;
  const { wall, gop, discontinuity } = next;
  const from = Math.min(next.from, time);
  return { from, key: before.spans.at(-1)?.key, wall: wall + from - next.from, gop, discontinuity };
}

/** An epoch that is aligned with `like` from `time` on. Its numbers are no smaller than those `before`. */
export function alignedEpoch(like: Epoch, id: string, before: Epoch | undefined, time: number): Epoch {
  const numberIn = (epoch: Epoch) => locate(epoch, SHORTEST_FRAGMENT_MS, time)?.number ?? 0;
  const behind = before === undefined ? 0 : Math.max(0, numberIn(before) - numberIn(like));
  return { ...like, id, ahead: like.ahead + behind };
}

/**
 * Whether a received epoch continues this one without a gap: the stream came whole up to the end of the span in force (`newest`:
 * the stream's newest time), and the next span begins with this timestamp.
 */
export function isFollowedBy(
  epoch: Epoch,
  newest: number,
  { epoch: { spans }, at }: EpochMessage,
  timestamp: number,
): boolean {
  const known = epoch.spans.length;
  const [last, ended, next] = [epoch.spans.at(-1), spans[known - 1], spans[known]];
  if (last === undefined || ended?.to === undefined) return false;
  const isWhole = ended.to - ended.from === newest + 1 - last.from;
  const time = unrolled(at, timestamp);
  return isWhole && (next?.from === time || next?.start === time);
}

/** Whether no honest server makes such an epoch; an epoch made here then does not continue it. `wall`: the date now, Unix ms. */
export function isImplausible({ discontinuity, ahead, spans }: Epoch, wall: number): boolean {
  const last = spans.at(-1) as Span;
  const isFuture = dateAt(last, last.to ?? last.from) > wall + MAX_CLOCK_ERROR_MS;
  return isFuture || ahead > MAX_AHEAD || discontinuity > MAX_DISCONTINUITY;
}

function isSame(a: Span, b: Span): boolean {
  const near = Math.abs(a.from - b.from) <= SAME_KEY_MS;
  return near && Math.abs(a.wall - a.from - (b.wall - b.from)) <= SAME_KEY_MS && a.gop === b.gop;
}
