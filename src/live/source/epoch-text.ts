import { dateAt, type Epoch, MAX_GOP_MS, MAX_SPANS, type Span, spanAt } from "./epoch.ts";

/** Maximum length of an epoch's text, UTF-16 units. */
const MAX_TEXT = 2048;
/** Unix ms; 32 bits of seconds. */
const MAX_WALL = 2 ** 32 * 1000;
/** Limits on counts, on the sender's time, and on the distance of its spans from that: sums stay far below 53 bits. */
const MAX_COUNT = 2 ** 40;
const MAX_TIME = 2 ** 50;
const MAX_DISTANCE = 2 ** 48;

const TEXT = /^([0-9a-f]{32}) (\d{1,13}) (\d{1,13}) (-?\d{1,16}) (-?\d{1,16})((?: [^ ]+)+)$/;
const SPAN = /^(-?\d{1,16}),(-?\d{1,16})?,(-?\d{1,16})?,(\d{1,13}),(\d{1,5}),([01])(?:,(-?\d{1,16}))?$/;

/** An epoch as one server sends it to another: in the sender's stream time. */
export interface EpochMessage {
  readonly epoch: Epoch;
  /** The sender's approximate time, to which receivers unroll timestamps: these have only the low 32 bits. */
  readonly at: number;
  /**
   * The time from which it is in force, however its spans grow. Before that, an older epoch is in force, whose last packets may come
   * after this message.
   */
  readonly since: number;
}

/**
 * An epoch on the wire: `ID DISCONTINUITY AHEAD AT SINCE SPAN ...`, numbers in decimal, each span `FROM,TO,KEY,WALL,GOP,DISCONTINUITY`, `TO` and
 * `KEY` empty if they are undefined, and followed by `,START` if it has one.
 */
export function writeEpoch({ epoch: { id, discontinuity, ahead, spans }, at, since }: EpochMessage): string {
  const words = spans.map(
    ({ from, to = "", key = "", start, wall, gop, discontinuity }) =>
      `${from},${to},${key},${wall},${gop},${+discontinuity}${start === undefined ? "" : `,${start}`}`,
  );
  return [id, discontinuity, ahead, at, since, ...words].join(" ");
}

/** Reads what `writeEpoch` wrote; undefined for anything else, and for spans out of order. */
export function readEpoch(text: string): EpochMessage | undefined {
  const words = text.length > MAX_TEXT ? null : TEXT.exec(text);
  if (words === null) return undefined;
  const [, id = "", discontinuity, ahead, at, from, rest = ""] = words;
  const counts = { discontinuity: numberOf(discontinuity), ahead: numberOf(ahead) };
  const message = { at: numberOf(at), since: numberOf(from) };
  const spans = readSpans(rest.trimStart().split(" ", MAX_SPANS + 1), message.at);
  const bounded = Math.max(counts.discontinuity, counts.ahead) <= MAX_COUNT && Math.abs(message.at) <= MAX_TIME;
  if (spans === undefined || !bounded || !isNear(message.since, message.at)) return undefined;
  return { epoch: { id, ...counts, spans }, ...message };
}

/** The time within 24 days of `at` that has these low 32 bits. */
export function unrolled(at: number, timestamp: number): number {
  return at + ((timestamp - at) | 0);
}

/** The date of a packet at `time` of the sender, Unix ms; undefined if an older epoch is in force there. */
export function dateOf({ epoch, since }: EpochMessage, time: number): number | undefined {
  const span = time < since ? undefined : epoch.spans[spanAt(epoch, time)];
  return span && dateAt(span, time);
}

function readSpans(words: readonly string[], at: number): Epoch["spans"] | undefined {
  if (words.length > MAX_SPANS) return undefined;
  const spans: Span[] = [];
  for (const word of words) {
    const span = readSpan(word, at);
    const before = spans.at(-1);
    if (span === undefined || (before !== undefined && !follows(before, span))) return undefined;
    spans.push(span);
  }
  const [first, ...more] = spans;
  return first === undefined ? undefined : [first, ...more];
}

function readSpan(word: string, at: number): Span | undefined {
  const fields = SPAN.exec(word);
  if (fields === null) return undefined;
  const [from = 0, end, lastKey, wall = 0, gop = 0, discontinuity, first = 0] = fields.slice(1).map(numberOf);
  const to = fields[2] === undefined ? undefined : end;
  const key = fields[3] === undefined ? undefined : lastKey;
  const ends = to === undefined ? key === undefined : isNear(to, at) && to > from;
  const start = fields[7] === undefined ? {} : { start: first };
  const isInside = (time = from) => time >= from && time < (to ?? Number.POSITIVE_INFINITY);
  const inside = isInside(key) && isInside(start.start);
  if (!isNear(from, at) || !ends || !inside || wall > MAX_WALL || gop > MAX_GOP_MS) return undefined;
  return { from, to, key, ...start, wall, gop, discontinuity: discontinuity === 1 };
}

/** Only the last span has no end; times and dates never run back. */
function follows({ from, to, wall }: Span, next: Span): boolean {
  return to !== undefined && next.from >= to && next.wall >= wall + to - from;
}

/** The number of some digits; never -0. */
function numberOf(digits: string | undefined): number {
  return Number(digits) || 0;
}

function isNear(time: number, at: number): boolean {
  return Math.abs(time - at) <= MAX_DISTANCE;
}
