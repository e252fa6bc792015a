import { type Epoch, MAX_GOP_MS, MAX_SPANS, type Span } from "./epoch.ts";

/** No epoch's text is longer, UTF-16 units. */
const MAX_TEXT = 2048;
/** Unix ms; 32 bits of seconds. */
const MAX_WALL = 2 ** 32 * 1000;
/** Bounds of what is counted, of where the sender is, and of how far its spans are from there: 53 bits are never near. */
const MAX_COUNT = 2 ** 40;
const MAX_TIME = 2 ** 50;
const MAX_DISTANCE = 2 ** 48;

const TEXT = /^([0-9a-f]{32}) (\d{1,13}) (\d{1,13}) (-?\d{1,16}) (-?\d{1,16})((?: [^ ]+)+)$/;
const SPAN = /^(-?\d{1,16}),(-?\d{1,16})?,(-?\d{1,16})?,(\d{1,13}),(\d{1,5}),([01])(?:,(-?\d{1,16}))?$/;

/** An epoch as one server sends it to another: in the sender's stream time. */
export interface EpochMessage {
  readonly epoch: Epoch;
  /** About where the sender is: its packets' timestamps have only the low 32 bits of their times. */
  readonly at: number;
  /**
   * From this time on it holds, for what comes before lies by an older one; spans that are added, or ended, do not change it. It may be sent
   * before the last packets of the older one.
   */
  readonly since: number;
}

/**
 * An epoch on the wire: `ID DISCONTINUITY AHEAD AT SINCE SPAN ...`, numbers in decimal, each span `FROM,TO,KEY,WALL,GOP,DISCONTINUITY`, `TO` and
 * `KEY` empty where they are undefined, and `,START` behind it where it has one.
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

/** A sender's time from the low 32 bits of it, within 24 days of `at`. */
export function unrolled(at: number, timestamp: number): number {
  return at + ((timestamp - at) | 0);
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

/** Only the last span goes on; times and dates never run back. */
function follows({ from, to, wall }: Span, next: Span): boolean {
  return to !== undefined && next.from >= to && next.wall >= wall + to - from;
}

/** Of digits; never -0. */
function numberOf(digits: string | undefined): number {
  return Number(digits) || 0;
}

function isNear(time: number, at: number): boolean {
  return Math.abs(time - at) <= MAX_DISTANCE;
}
