import { FlvReader } from "../../src/media/flv-reader.ts";
import type { HttpLiveStage } from "./http-live-stage.ts";
import type { HttpEnd } from "./http-stage.ts";
import { nameOf } from "./live.ts";

const noBody: Uint8Array = new Uint8Array(0);
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** The headers by which a request asks for a WebSocket. */
export const upgrade = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${KEY}`,
];

/** What an end has heard: the status, the header that FLV begins with, and the names of packets; `end` for the last chunk. */
export class FlvEnd {
  readonly end: HttpEnd;
  status = "";
  #text: string;
  #flv: Uint8Array = noBody;
  readonly #reader = new FlvReader((kind, _time, payload) => this.names.push(nameOf(kind, payload)));
  names: string[] = [];

  constructor(end: HttpEnd, heard: string) {
    this.end = end;
    this.#text = heard;
  }

  /** Since the last look. */
  news(): string[] {
    this.#text += this.end.hear();
    if (this.status === "") {
      const [, status = "", rest = ""] = /^HTTP\/1\.1 (\d+).*?\r\n\r\n(.*)$/s.exec(this.#text) ?? [];
      if (status === "") return [];
      this.status = status;
      this.#text = rest;
      this.names.push(status);
    }
    if (this.status !== "200") return this.names.splice(0);
    for (let chunk = /^([0-9a-f]+)\r\n/.exec(this.#text); chunk !== null; chunk = /^([0-9a-f]+)\r\n/.exec(this.#text)) {
      const size = Number.parseInt(chunk[1] ?? "", 16);
      const from = chunk[0].length;
      if (this.#text.length < from + size + 2) break;
      const bytes = Uint8Array.from(Buffer.from(this.#text.slice(from, from + size), "latin1"));
      this.#text = this.#text.slice(from + size + 2);
      if (size === 0) this.names.push("end");
      else this.#take(bytes);
    }
    return this.names.splice(0);
  }

  #take(bytes: Uint8Array): void {
    if (this.#flv.length === 0) {
      this.#flv = bytes;
      this.names.push(`FLV ${bytes[4]}`);
    }
    this.#reader.push(bytes);
  }
}

/** An end that plays a stream as FLV. */
export function watch(stage: HttpLiveStage, path = "/live/show.flv"): FlvEnd {
  const end = stage.dial();
  return new FlvEnd(end, end.get(path));
}
