import type { Source } from "../../live/source/source.ts";
import type { StreamName } from "../../live/streams.ts";

/** Version of the messages: processes with different versions can't understand each other. */
export const PROTOCOL = 1;

/** A stream published in the sending process. */
export interface Published {
  readonly name: StreamName;
  readonly param: string;
  readonly hops: readonly string[];
  /** As in `SourceInfo`; old versions don't tell. */
  readonly yields?: boolean | undefined;
}

/** The sender, the socket that serves its streams, and its published streams. */
export interface Hello {
  readonly protocol: number;
  readonly pid: number;
  readonly socket: string;
  readonly published: readonly Published[];
  /** Names of the features that carry their memory over; old versions name none. */
  readonly carries?: readonly string[];
  /** The sender understands `dismiss`; old versions don't. */
  readonly dismisses?: boolean;
  /** The sender answers `probe`; old versions don't. */
  readonly probes?: boolean;
}

/**
 * Messages between the two processes, a line of JSON each. `hello` makes a connection the link for the other messages; `published` comes
 * again when a stream has another source, or its source other hops; `ready`, from the new process: it accepts clients. `dismiss`: the
 * publisher of a stream has to end, for a reason. `probe`: another publisher wants a stream; the answer is `alive` if its publisher is,
 * else `unpublished`. `lend` requests a stream, and `carry` a feature's memory, each on a connection of its own.
 */
export type Message =
  | { readonly hello: Hello }
  | { readonly published: Published }
  | { readonly unpublished: StreamName }
  | { readonly dismiss: StreamName; readonly reason: string }
  | { readonly probe: StreamName }
  | { readonly alive: StreamName }
  | { readonly ready: true }
  | { readonly lend: StreamName }
  | { readonly carry: string };

/** A stream's key, `vhost/app/stream`. */
export function keyOf({ vhost, app, stream }: StreamName): string {
  return `${vhost}/${app}/${stream}`;
}

/** A stream as the other process is told of it. */
export function publishedOf({ vhost, app, stream }: StreamName, { info }: Source): Published {
  const { param, hops, yields } = info;
  return { name: { vhost, app, stream }, param, hops, yields };
}

const encoder = new TextEncoder();

/** A message as its line. */
export function lineOf(message: Message): Uint8Array {
  return encoder.encode(`${JSON.stringify(message)}\n`);
}

/** Limit on a line: a published name has a few kilobytes at most, but there may be many. */
const MAX_LINE_BYTES = 64 << 20;
const LINE_FEED = 10;

/** Splits bytes into the messages of JSON lines. */
export class Lines {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Calls `take` with the message of each complete line. Throws SyntaxError for a line that is not JSON. */
  push(bytes: Uint8Array, take: (message: Message) => void): void {
    let rest = bytes;
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      const line = [...this.#parts.splice(0), rest.subarray(0, end)];
      this.#bytes = 0;
      rest = rest.subarray(end + 1);
      const decoder = new TextDecoder();
      const text = line.map((part) => decoder.decode(part, { stream: true })).join("");
      // Only processes of the same user can connect: their messages have this form.
      take(JSON.parse(text) as Message);
    }
    if (rest.length === 0) return;
    this.#parts.push(rest);
    this.#bytes += rest.length;
    if (this.#bytes > MAX_LINE_BYTES) throw new SyntaxError(`a line of more than ${MAX_LINE_BYTES} bytes`);
  }
}
