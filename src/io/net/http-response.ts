// Hot: push runs for each piece of a live stream's body.
import { ProtocolError } from "../../base/errors.ts";
import { copyBytes } from "../../base/memory.ts";

/** Maximum bytes of a head, and of a line with a chunk's size. */
const MAX_HEAD_BYTES = 32 * 1024;
const MAX_LINE_BYTES = 1024;
/** Maximum interim responses before the final one: a server could send them without end. */
const MAX_INTERIM = 16;

/** The parts of a response head that the owner reads. */
export interface ResponseHead {
  readonly status: number;
  /** By name in lower case. Of several headers with one name the last one counts; all `set-cookie` are kept, one a line. */
  readonly headers: ReadonlyMap<string, string>;
}

/** The reader's callbacks, in this order: the head, the body's bytes, its end. */
export interface ResponseEvents {
  onHead(head: ResponseHead): void;
  onBody(bytes: Uint8Array): void;
  onComplete(): void;
}

/** The answer that ends HTTP on a connection whose request asked for another protocol (RFC 9110, 7.8). */
const SWITCHING = 101;
/** Hexadecimal digits of a chunk's length. */
const MAX_SIZE_DIGITS = 12;

const LF = 10;
const CR = 13;
const none = new Uint8Array(0);

/*
 * head ──> body (a length) ──> over
 *      ──> size ──> chunk ──> gap ──> size … ──> trailer ──> over
 *      ──> rest (until the connection is closed)
 */
/** Reads one HTTP/1.1 response (RFC 9112), without I/O. After 101 its body is the other protocol's bytes. */
export class HttpResponseReader {
  readonly #events: ResponseEvents;
  #state: "head" | "body" | "size" | "chunk" | "gap" | "trailer" | "rest" | "over" = "head";
  /** The received part of an incomplete head or line: the first bytes of a buffer that grows. */
  #kept: Uint8Array = none;
  #keptBytes = 0;
  /** Bytes left of the body or the chunk. */
  #left = 0;
  #interim = 0;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** Takes bytes from the wire; returns how many follow the response. Throws ProtocolError when they are not a response. */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#state !== "over") {
      if (this.#state === "rest") {
        this.#events.onBody(at === 0 ? bytes : bytes.subarray(at));
        return 0;
      }
      if ((this.#state === "gap" || this.#state === "size") && this.#keptBytes === 0) {
        const next = this.#readSize(bytes, at);
        if (next > 0) {
          at = next;
          continue;
        }
      }
      at = this.#state === "body" || this.#state === "chunk" ? this.#readBody(bytes, at) : this.#readLine(bytes, at);
    }
    return bytes.length - at;
  }

  /** The connection is closed: returns whether the response is complete. */
  end(): boolean {
    const whole = this.#state === "rest" || this.#state === "over";
    if (this.#state === "rest") this.#complete();
    return whole;
  }

  /** Reads no more, not even bytes that are here already. */
  stop(): void {
    this.#state = "over";
  }

  #readBody(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + this.#left);
    this.#left -= part.length;
    const last = this.#left === 0 && this.#state;
    this.#events.onBody(part);
    if (last === "chunk" && this.#state === "chunk") this.#state = "gap";
    else if (last === "body") this.#complete();
    return at + part.length;
  }

  /** Reads CR LF after a chunk, or digits and CR LF before one. Returns its end; 0 if it is incomplete or in another form. */
  #readSize(bytes: Uint8Array, from: number): number {
    if (this.#state === "gap") {
      if (bytes[from] !== CR || bytes[from + 1] !== LF) return 0;
      this.#state = "size";
      return from + 2;
    }
    let at = from;
    let size = 0;
    for (let digit = hexDigit(bytes[at]); digit >= 0; digit = hexDigit(bytes[at])) {
      size = size * 16 + digit;
      at++;
    }
    if (at === from || at - from > MAX_SIZE_DIGITS || bytes[at] !== CR || bytes[at + 1] !== LF) return 0;
    this.#expectChunk(size);
    return at + 2;
  }

  #expectChunk(size: number): void {
    this.#left = size;
    this.#state = size === 0 ? "trailer" : "chunk";
  }

  /** Collects bytes up to a line feed, or up to an empty line of a head. */
  #readLine(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(LF, at);
    const until = end < 0 ? bytes.length : end + 1;
    const limit = this.#state === "head" || this.#state === "trailer" ? MAX_HEAD_BYTES : MAX_LINE_BYTES;
    if (this.#keptBytes + until - at > limit) throw new ProtocolError("a line or a head of the answer is too long");
    this.#keep(bytes, at, until);
    if (end >= 0) this.#onLine();
    return until;
  }

  /** Appends to the kept bytes. The buffer doubles, so that a head of thousands of lines costs time that grows with its size only. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    const size = this.#keptBytes + to - from;
    if (size > this.#kept.length) {
      const grown = new Uint8Array(2 * size);
      copyBytes(grown, 0, this.#kept, 0, this.#keptBytes);
      this.#kept = grown;
    }
    copyBytes(this.#kept, this.#keptBytes, bytes, from, to);
    this.#keptBytes = size;
  }

  #onLine(): void {
    const many = this.#state === "head" || this.#state === "trailer";
    const kept = this.#kept.subarray(0, this.#keptBytes);
    if (many && !endsBlank(kept)) return;
    const text = new TextDecoder("latin1").decode(kept);
    this.#kept = none;
    this.#keptBytes = 0;
    switch (this.#state) {
      case "head":
        this.#onHead(text);
        return;
      case "trailer":
        this.#complete();
        return;
      case "gap":
        if (text.trim() !== "") throw new ProtocolError("a chunk of the answer does not end where it should");
        this.#state = "size";
        return;
      default: {
        const size = /^\s*([0-9a-f]{1,12})\s*(?:;.*)?\r?\n$/is.exec(text)?.[1];
        if (size === undefined) throw new ProtocolError("a chunk of the answer has no length");
        this.#expectChunk(Number.parseInt(size, 16));
      }
    }
  }

  #onHead(text: string): void {
    const [first = "", ...lines] = text.split(/\r?\n/);
    const status = Number(/^HTTP\/1\.[0-9] ([1-9][0-9]{2})(?: |$)/.exec(first)?.[1]);
    if (!(status > 0)) throw new ProtocolError("no answer of HTTP/1 came");
    // An interim response; the final one follows.
    if (status < 200 && status !== SWITCHING) {
      if (++this.#interim > MAX_INTERIM) throw new ProtocolError("interim answers came without end");
      return;
    }
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const before = name === "set-cookie" ? headers.get(name) : undefined;
      headers.set(name, before === undefined ? value : `${before}\n${value}`);
    }
    this.#expectBody(status, headers);
    this.#events.onHead({ status, headers });
    if (this.#state === "body" && this.#left === 0) this.#complete();
  }

  /** How the body ends (RFC 9112, 6.3). */
  #expectBody(status: number, headers: ReadonlyMap<string, string>): void {
    const coding = headers.get("transfer-encoding")?.toLowerCase();
    const length = headers.get("content-length");
    if (status === SWITCHING) this.#state = "rest";
    else if (status === 204 || status === 304) this.#state = "body";
    else if (coding === "chunked") this.#state = "size";
    else if (coding !== undefined && coding !== "identity") throw new ProtocolError(`the answer is coded as ${coding}`);
    else if (length === undefined) this.#state = "rest";
    else {
      if (!/^[0-9]{1,15}$/.test(length)) throw new ProtocolError("the answer's length is no number");
      this.#state = "body";
      this.#left = Number(length);
    }
  }

  #complete(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#events.onComplete();
  }
}

/** Whether a head is complete: its last line is empty. */
function endsBlank(head: Uint8Array): boolean {
  const { length } = head;
  const before = head[length - 2] === CR ? length - 3 : length - 2;
  return before < 0 || head[before] === LF;
}

/** The value of a hexadecimal digit; -1 for any other byte. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined || byte < 0x30) return -1;
  if (byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
