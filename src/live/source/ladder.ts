/** Maximum number of a ladder's endings, and maximum lengths of a base and of an ending, UTF-16 units. */
const MAX_ENDINGS = 16;
const MAX_NAME = 512;
const MAX_ENDING = 64;
/** Maximum length of a ladder's text, UTF-16 units. */
const MAX_TEXT = 8192;
/** Stands for an empty ending in the text. */
const EMPTY = "+";

/**
 * Streams of several qualities that one server makes from one source, for players to choose from. Only the endings of their names
 * differ.
 */
export interface Ladder {
  /** The common beginning of their names; a stream of this name need not be published. */
  readonly base: string;
  /** The endings of their names, two at least: "_hd", "_sd", or "". */
  readonly endings: readonly string[];
}

/** What a ladder needs of its stream. */
interface LadderOwner {
  /** The active source, and the ladder that its peer has sent. */
  readonly source: { readonly ladder: Ladder | undefined } | undefined;
  /** The ladder has changed: other servers get it with the epoch. */
  epochChanged(lost: boolean): void;
}

/** The ladder of a stream: made by this server, or received from the server that the stream comes from. */
export class StreamLadder {
  readonly #owner: LadderOwner;
  #made: Ladder | undefined;
  /** Received while nobody publishes the stream. */
  #heard: Ladder | undefined;

  constructor(owner: LadderOwner) {
    this.#owner = owner;
  }

  /** The stream's ladder; undefined if it belongs to none, or none is known. */
  get current(): Ladder | undefined {
    const { source } = this.#owner;
    return this.#made ?? (source === undefined ? this.#heard : source.ladder);
  }

  /** The text that other servers get; "" if the stream belongs to no ladder. */
  get text(): string {
    const { current } = this;
    return current === undefined ? "" : writeLadder(current);
  }

  /** Nobody publishes the stream; a server that was asked for it has sent the text of its ladder. */
  hear(text: string): void {
    const before = this.#heard;
    this.#heard = readLadder(text);
    if (!sameLadder(before, this.#heard)) this.#owner.epochChanged(false);
  }

  /** This server makes the stream as part of this ladder; undefined: of none. */
  make(ladder: Ladder | undefined): void {
    const before = this.#made;
    this.#made = ladder;
    if (!sameLadder(before, ladder)) this.#owner.epochChanged(false);
  }
}

/** Whether two ladders have the same streams. */
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
