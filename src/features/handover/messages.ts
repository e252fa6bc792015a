import type { StreamName } from "../../live/streams.ts";

/** Changes whenever two generations that differ in it could not understand each other. */
export const PROTOCOL = 1;

/** A stream that a generation has the publisher of. */
export interface Published {
  readonly name: StreamName;
  readonly param: string;
  readonly hops: readonly string[];
}

/** Who one is, where one's streams are to be had, and which there are. */
export interface Hello {
  readonly protocol: number;
  readonly pid: number;
  readonly socket: string;
  readonly published: readonly Published[];
}

/**
 * What generations say to each other, a line of JSON each. `hello` makes a connection their link, on which the rest comes;
 * `ready`, from the younger one: it accepts clients. `lend` asks for a stream, on a connection of its own.
 */
export type Message =
  | { readonly hello: Hello }
  | { readonly published: Published }
  | { readonly unpublished: StreamName }
  | { readonly ready: true }
  | { readonly lend: StreamName };

const encoder = new TextEncoder();

/** A message as its line. */
export function lineOf(message: Message): Uint8Array {
  return encoder.encode(`${JSON.stringify(message)}\n`);
}

/** More than this is no line of another generation's: a name has at most a few kilobytes, but there may be many. */
const MAX_LINE_BYTES = 64 << 20;
const LINE_FEED = 10;

/** Cuts bytes into the messages of JSON lines. */
export class Lines {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Hands over the message of each whole line. Throws SyntaxError for what is none. */
  push(bytes: Uint8Array, take: (message: Message) => void): void {
    let rest = bytes;
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      const line = [...this.#parts.splice(0), rest.subarray(0, end)];
      this.#bytes = 0;
      rest = rest.subarray(end + 1);
      const decoder = new TextDecoder();
      const text = line.map((part) => decoder.decode(part, { stream: true })).join("");
      // Only this same user's processes can connect: what they say has this form.
      take(JSON.parse(text) as Message);
    }
    if (rest.length === 0) return;
    this.#parts.push(rest);
    this.#bytes += rest.length;
    if (this.#bytes > MAX_LINE_BYTES) throw new SyntaxError(`a line of more than ${MAX_LINE_BYTES} bytes`);
  }
}
