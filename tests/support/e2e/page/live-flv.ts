import { readFileSync } from "node:fs";
import { flvHeader } from "../../flv.ts";

interface Tag {
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly header: boolean;
  readonly key: boolean;
}

/** An FLV file that is played over and over in real time, for viewers who come and go: each gets headers, the last GOP, then what comes. */
export class LiveFlv {
  readonly #tags: readonly Tag[];
  readonly #duration: number;
  readonly #viewers = new Set<(bytes: Uint8Array) => void>();
  readonly #headers: Uint8Array[] = [];
  #gop: Uint8Array[] = [];
  #began = performance.now();
  #next = 0;
  #round = 0;
  #timer: Timer;

  constructor(path: string) {
    this.#tags = readTags(new Uint8Array(readFileSync(path)));
    const frames = this.#tags.filter(({ header }) => !header);
    this.#duration = (frames.at(-1)?.time ?? 0) + 40;
    for (const { bytes } of this.#tags.filter(({ header }) => header)) this.#headers.push(bytes);
    this.#timer = setInterval(() => this.#send(), 20);
  }

  /** How many watch it. */
  get viewers(): number {
    return this.#viewers.size;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Returns how to leave. */
  join(viewer: (bytes: Uint8Array) => void): () => void {
    for (const bytes of [flvHeader, ...this.#headers, ...this.#gop]) viewer(bytes);
    this.#viewers.add(viewer);
    return () => this.#viewers.delete(viewer);
  }

  #send(): void {
    const now = performance.now() - this.#began;
    for (;;) {
      const tag = this.#tags[this.#next];
      if (tag === undefined) {
        this.#next = 0;
        this.#round++;
        continue;
      }
      const time = this.#round * this.#duration + tag.time;
      if (time > now) return;
      this.#next++;
      if (tag.header) continue;
      const bytes = stamped(tag.bytes, time);
      if (tag.key) this.#gop = [];
      this.#gop.push(bytes);
      for (const viewer of this.#viewers) viewer(bytes);
    }
  }
}

function readTags(file: Uint8Array): Tag[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tags: Tag[] = [];
  for (let at = 13; at + 15 <= file.length; ) {
    const kind = view.getUint8(at);
    const size = view.getUint32(at) & 0xffffff;
    const time = ((view.getUint32(at + 4) >>> 8) | (view.getUint8(at + 7) << 24)) >>> 0;
    const bytes = file.slice(at, at + 11 + size + 4);
    const [first = 0, second = 0] = bytes.subarray(11);
    const video = kind === 9 && (first & 15) === 7;
    if (video && second === 2) {
      at += bytes.length;
      continue; // the end of a sequence, which is none here
    }
    const header = kind === 18 || ((video || (kind === 8 && first >> 4 === 10)) && second === 0);
    tags.push({ bytes, time, header, key: kind === 9 && first >> 4 === 1 && !header });
    at += bytes.length;
  }
  return tags;
}

function stamped(tag: Uint8Array, time: number): Uint8Array {
  const copy = tag.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(4, ((time & 0xffffff) << 8) >>> 0);
  view.setUint8(7, time >>> 24);
  return copy;
}
