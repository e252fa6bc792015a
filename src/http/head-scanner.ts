// Hot: goes through each byte of every request once. Nothing is allocated before the request line or the head is whole.
import { kinds, LINE, TOKEN, VALUE } from "./characters.ts";
import { HeaderFields } from "./header-fields.ts";
import { type RequestLine, readRequestLine } from "./interpret-head.ts";
import { httpLimits } from "./limits.ts";
import { type HeadRefusal, type OtherProtocol, refuseHead, wrongProtocol } from "./refusal.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
/** The first byte of RTMP's handshake, and of a TLS handshake record. */
const RTMP_VERSION = 0x03;
const TLS_HANDSHAKE = 0x16;

const asUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const asLatin1 = new TextDecoder("latin1");

/*
 * first ──(CR LF once)──> first ──> line ──CR──> line-end ──LF──> field
 * field ──> name ──":"──> space ──> value ──CR──> value-end ──LF──> field ──CR──> head-end ──LF──> whole
 */
type State =
  | "first"
  | "empty-end"
  | "line"
  | "line-end"
  | "field"
  | "name"
  | "space"
  | "value"
  | "value-end"
  | "head-end"
  | "whole";

/**
 * Finds the parts of one request's head (RFC 9112, 2 to 5), strictly. Each byte is checked when it arrives, so the
 * first invalid byte decides the refusal, however the input is split.
 */
export class HeadScanner {
  readonly #maxBodyBytes: number;
  #state: State = "first";
  /** Positions in the head. */
  #at = 0;
  #lineStart = 0;
  #fieldsStart = 0;
  /** Four positions for each field, relative to the first field's start: see HeaderFields. */
  readonly #marks: number[] = [];
  /** Undefined until the request line is whole. */
  line: RequestLine | undefined;
  /** Why the head is refused; nothing is scanned after it. */
  refusal: HeadRefusal | undefined;

  /** `maxBodyBytes`: as for `RequestHeadReader`. */
  constructor(maxBodyBytes = 0) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Bytes of the head scanned so far; all of them when it is whole. */
  get length(): number {
    return this.#at;
  }

  /** The empty line after the fields was found. */
  get whole(): boolean {
    return this.#state === "whole";
  }

  /**
   * Continues the scan. `data` holds all bytes of the head so far; those scanned before must not have changed. Stops at the end of
   * the head or at a wrong byte.
   */
  scan(data: Uint8Array): void {
    const end = Math.min(data.length, httpLimits.headBytes);
    this.#go(data, end);
    if (this.refusal === undefined && !this.whole && this.#at === httpLimits.headBytes) {
      this.#refuse(431, `the head is longer than ${httpLimits.headBytes} bytes`);
    }
  }

  /** The header fields of a whole head. */
  fields(data: Uint8Array): HeaderFields {
    return new HeaderFields(asLatin1.decode(data.subarray(this.#fieldsStart, this.#at)), this.#marks);
  }

  #go(data: Uint8Array, end: number): void {
    while (this.#at < end && this.refusal === undefined && this.#state !== "whole") {
      switch (this.#state) {
        case "first":
          this.#onFirst(data[this.#at] ?? 0);
          break;
        case "line":
          this.#onLine(data, end);
          break;
        case "field":
          this.#onField(data[this.#at] ?? 0);
          break;
        case "name":
          this.#onName(data, end);
          break;
        case "space":
          this.#onSpace(data, end);
          break;
        case "value":
          this.#onValue(data, end);
          break;
        default:
          this.#onLineFeed(data);
      }
    }
  }

  #onFirst(byte: number): void {
    if (byte === CR && this.#at === 0) {
      // One empty line before a request is ignored (RFC 9112, 2.2).
      this.#state = "empty-end";
      this.#at = 1;
    } else if (byte === RTMP_VERSION) this.#refuseProtocol("rtmp");
    else if (byte === TLS_HANDSHAKE) this.#refuseProtocol("tls");
    // Version 2 of the PROXY protocol begins with empty lines.
    else if (byte === CR) this.#refuse(400, "empty lines came, as in the PROXY protocol, and no HTTP/1.1 request");
    else if (((kinds[byte] ?? 0) & TOKEN) === 0) this.#refuse(400, "this is not an HTTP/1.1 request");
    else {
      this.#lineStart = this.#at;
      this.#state = "line";
    }
  }

  #onLine(data: Uint8Array, end: number): void {
    const limit = this.#lineStart + httpLimits.requestLineBytes + 1;
    const at = this.#passOver(data, Math.min(end, limit), LINE);
    if (at === limit) this.#refuse(414, `the request line is longer than ${httpLimits.requestLineBytes} bytes`);
    else if (at < end) this.#endLine(data[at] ?? 0, "line-end", "the request line");
  }

  #onField(byte: number): void {
    if (byte === CR) {
      this.#state = "head-end";
      this.#at++;
    } else if (byte === SPACE || byte === TAB) this.#refuse(400, "a header line begins with white space");
    else if (byte === COLON) this.#refuse(400, "a header has no name");
    else if (this.#marks.length === 4 * httpLimits.headerFields) {
      this.#refuse(431, `the request has more than ${httpLimits.headerFields} headers`);
    } else {
      this.#mark(this.#at);
      this.#state = "name";
    }
  }

  #onName(data: Uint8Array, end: number): void {
    const at = this.#passOver(data, end, TOKEN);
    if (at === end) return;
    if (data[at] !== COLON) {
      this.#refuse(400, "a header's name has an invalid character, or no colon after it");
      return;
    }
    this.#mark(at);
    this.#at++;
    this.#state = "space";
  }

  #onSpace(data: Uint8Array, end: number): void {
    let at = this.#at;
    while (at < end && (data[at] === SPACE || data[at] === TAB)) at++;
    this.#at = at;
    if (at === end) return;
    this.#mark(at);
    this.#state = "value";
  }

  #onValue(data: Uint8Array, end: number): void {
    const at = this.#passOver(data, end, VALUE);
    if (at < end) this.#endLine(data[at] ?? 0, "value-end", "a header");
  }

  /** Skips to the next byte that is not of this kind. */
  #passOver(data: Uint8Array, end: number, kind: number): number {
    let at = this.#at;
    while (at < end && ((kinds[data[at] ?? 0] ?? 0) & kind) !== 0) at++;
    this.#at = at;
    return at;
  }

  /** Handles a byte that can't be part of a line: it must be the CR of the line's end. */
  #endLine(byte: number, next: State, what: string): void {
    if (byte === CR) {
      this.#state = next;
      this.#at++;
    } else if (byte === LF) this.#refuse(400, "a line ends with LF alone, not with CR LF");
    else this.#refuse(400, `${what} has a control character`);
  }

  #onLineFeed(data: Uint8Array): void {
    if (data[this.#at] !== LF) {
      this.#refuse(400, "a CR has no LF after it");
      return;
    }
    const end = this.#at - 1;
    this.#at++;
    switch (this.#state) {
      case "empty-end":
        this.#state = "first";
        break;
      case "line-end":
        this.#onRequestLine(data.subarray(this.#lineStart, end));
        break;
      case "value-end":
        this.#markValueEnd(data, end);
        this.#state = "field";
        break;
      default:
        this.#state = "whole";
    }
  }

  #onRequestLine(bytes: Uint8Array): void {
    let text: string;
    try {
      text = asUtf8.decode(bytes);
    } catch {
      this.#refuse(400, "the request line is not UTF-8");
      return;
    }
    if (text.startsWith("PROXY ")) {
      this.#refuseProtocol("proxy");
      return;
    }
    const line = readRequestLine(text, this.#maxBodyBytes > 0);
    if ("status" in line) {
      this.refusal = line;
      return;
    }
    this.line = line;
    this.#fieldsStart = this.#at;
    this.#state = "field";
  }

  #mark(at: number): void {
    this.#marks.push(at - this.#fieldsStart);
  }

  #markValueEnd(data: Uint8Array, end: number): void {
    const start = (this.#marks.at(-1) ?? 0) + this.#fieldsStart;
    let last = end;
    while (last > start && (data[last - 1] === SPACE || data[last - 1] === TAB)) last--;
    this.#mark(last);
  }

  #refuseProtocol(spoken: OtherProtocol): void {
    this.refusal = { ...refuseHead(400, wrongProtocol(spoken)), spoken };
  }

  #refuse(status: number, reason: string): void {
    this.refusal = refuseHead(status, reason);
  }
}
