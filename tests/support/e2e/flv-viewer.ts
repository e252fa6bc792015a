import { FlvReader } from "../../../src/media/flv-reader.ts";
import { concat } from "../bytes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** One tag as a viewer got it. */
export interface Tag {
  readonly kind: number;
  readonly time: number;
  readonly payload: Uint8Array;
}

/** A viewer of FLV over HTTP on a socket of its own: it can stop reading. */
export class FlvViewer {
  readonly tags: Tag[] = [];
  /** The answer's head. */
  head = "";
  /** Whether the body ended as its framing has it. */
  ended = false;
  closed = false;
  readonly #reader = new FlvReader((kind, time, payload) => this.tags.push({ kind, time, payload: payload.slice() }));
  #socket: Bun.Socket<undefined> | undefined;
  #rest: Uint8Array = new Uint8Array(0);

  /** Asks for a path, by HTTP/1.1 or 1.0; the connection ends with the test. */
  static async open(stage: Stage, port: number, path: string, minor: 0 | 1 = 1): Promise<FlvViewer> {
    const viewer = new FlvViewer();
    const socket = await Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, bytes) => viewer.#take(Uint8Array.from(bytes)),
        close: () => {
          viewer.closed = true;
        },
      },
    });
    viewer.#socket = socket;
    stage.defer(() => socket.terminate());
    socket.write(`GET ${path} HTTP/1.${minor}\r\nHost: 127.0.0.1\r\n\r\n`);
    return viewer;
  }

  get status(): number {
    return Number(this.head.split(" ")[1] ?? 0);
  }

  read(on: boolean): void {
    if (on) this.#socket?.resume();
    else this.#socket?.pause();
  }

  leave(): void {
    this.#socket?.end();
  }

  /** Waits for a tag. */
  tag(what: string, is: (tag: Tag) => boolean): Promise<Tag> {
    return until(what, () => this.tags.find(is) ?? (this.closed ? this.#fail(what) : undefined));
  }

  #fail(what: string): never {
    throw new Error(`the answer ended without ${what}\n${this.head}`);
  }

  #take(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? bytes : concat([this.#rest, bytes]);
    if (this.head === "") {
      const text = Buffer.from(this.#rest).toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = text.slice(0, end);
      this.#rest = this.#rest.subarray(end + 4);
    }
    if (this.status !== 200) return;
    if (/transfer-encoding: chunked/i.test(this.head)) this.#takeChunks();
    else {
      this.#reader.push(this.#rest);
      this.#rest = new Uint8Array(0);
    }
  }

  #takeChunks(): void {
    for (;;) {
      const line = /^([0-9a-f]+)\r\n/.exec(Buffer.from(this.#rest.subarray(0, 16)).toString("latin1"));
      if (line === null) return;
      const from = line[0].length;
      const to = from + Number.parseInt(line[1] ?? "", 16);
      if (this.#rest.length < to + 2) return;
      if (to === from) this.ended = true;
      else this.#reader.push(this.#rest.slice(from, to));
      this.#rest = this.#rest.subarray(to + 2);
    }
  }
}
