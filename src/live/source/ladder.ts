/** Endings that a ladder may have, and the characters of a name and of an ending that are read. */
const MAX_ENDINGS = 16;
const MAX_NAME = 512;
const MAX_ENDING = 64;
/** No ladder's text is longer, UTF-16 units. */
const MAX_TEXT = 8192;
/** In the place of an empty ending. */
const EMPTY = "+";

/** Streams that one server makes of one source beside each other, so that players may choose: their names differ by their endings. */
export interface Ladder {
  /** What their names begin with; a stream of this name need not be published. */
  readonly base: string;
  /** What follows in their names, two at least: "_hd", "_sd", or nothing. */
  readonly endings: readonly string[];
}

/** What a ladder needs of its stream. */
interface LadderOwner {
  /** The active source, and the ladder that its peer has told. */
  readonly source: { readonly ladder: Ladder | undefined } | undefined;
  /** The ladder has changed: it is told with the epoch. */
  epochChanged(lost: boolean): void;
}

/** The ladder of a stream: made by this server, or told by the one that the stream comes from. */
export class StreamLadder {
  readonly #owner: LadderOwner;
  #made: Ladder | undefined;
  /** Of a stream that nobody publishes. */
  #heard: Ladder | undefined;

  constructor(owner: LadderOwner) {
    this.#owner = owner;
  }

  /** What is known of it; undefined where the stream is of none. */
  get current(): Ladder | undefined {
    const { source } = this.#owner;
    return this.#made ?? (source === undefined ? this.#heard : source.ladder);
  }

  /** As other servers get it; "" where the stream is of none. */
  get text(): string {
    const { current } = this;
    return current === undefined ? "" : writeLadder(current);
  }

  /** A server that is asked for the stream, which nobody publishes, has sent the text of its ladder. */
  hear(text: string): void {
    const before = this.#heard;
    this.#heard = readLadder(text);
    if (!sameLadder(before, this.#heard)) this.#owner.epochChanged(false);
  }

  /** This server makes the stream as a step of this ladder, or of none. */
  make(ladder: Ladder | undefined): void {
    const before = this.#made;
    this.#made = ladder;
    if (!sameLadder(before, ladder)) this.#owner.epochChanged(false);
  }
}

/** Whether two ladders have the same steps. */
export function sameLadder(a: Ladder | undefined, b: Ladder | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && writeLadder(a) === writeLadder(b));
}

/** A ladder on the wire: `BASE ENDING ENDING ...`, each percent-encoded, an empty one as "+" alone. */
function writeLadder({ base, endings }: Ladder): string {
  return [base, ...endings].map((word) => (word === "" ? EMPTY : encodeURIComponent(word))).join(" ");
}

/** Reads what a server wrote; undefined for anything else. */
export function readLadder(text: string): Ladder | undefined {
  if (text === "" || text.length > MAX_TEXT) return undefined;
  const [base, ...endings] = text.split(" ", MAX_ENDINGS + 2).map(readWord);
  if (base === undefined || base === "" || base.length > MAX_NAME) return undefined;
  const isFull = endings.length > MAX_ENDINGS || endings.length < 2;
  if (isFull || !endings.every((ending) => ending !== undefined && ending.length <= MAX_ENDING)) return undefined;
  return { base, endings: endings as string[] };
}

function readWord(word: string): string | undefined {
  if (word === EMPTY) return "";
  try {
    return decodeURIComponent(word) || undefined;
  } catch {
    return undefined;
  }
}
