// Hot: body runs for each piece that each player receives.
import { createHash } from "node:crypto";
import { CloseCode, maskedControlFrame, Opcode } from "../../http/websocket-frame.ts";
import { acceptKey } from "../../http/websocket-handshake.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import { FlvReader } from "../../media/flv-reader.ts";
import { GroupMember } from "../group-member.ts";
import { Playback } from "../playback.ts";
import type { Player, PlayerContext } from "../player.ts";
import { TsFrames } from "../ts/frames.ts";
import { type AnswerEvents, HttpConnection } from "./connection.ts";
import { redirectedTo } from "./redirect.ts";
import { RefusalText } from "./refusal.ts";
import { type HttpAddress, type HttpTarget, httpAddress } from "./target.ts";
import { type FrameEvents, WebSocketFrames } from "./websocket-frames.ts";

/** A player of FLV or MPEG-TS in one endless answer, or over one WebSocket. */
export class LivePlayer implements Player, AnswerEvents, FrameEvents {
  readonly #context: PlayerContext;
  readonly #member: GroupMember;
  readonly #playback: Playback;
  #connection: HttpConnection;
  readonly #media: { push(bytes: Uint8Array): void };
  readonly #frames: WebSocketFrames | undefined;
  readonly #beganMs: number;
  #key = "";
  #url: URL;
  #redirects = 0;
  /** Bytes received on earlier connections, before redirects. */
  #bytesBefore = 0;
  #refusal: RefusalText | undefined;

  /** `whole`: each frame is compared byte by byte. */
  constructor(context: PlayerContext, target: HttpTarget, whole: boolean) {
    this.#context = context;
    this.#member = new GroupMember(context.group, context.retry);
    const playback = new Playback(context, target.stream, whole);
    this.#playback = playback;
    const flv = target.protocol === "http-flv" || target.protocol === "ws-flv";
    this.#media = flv
      ? new FlvReader((kind, timestamp, payload) => playback.push(kind, timestamp, payload))
      : new TsFrames(playback, context.totals, context.group);
    const webSocket = target.protocol === "ws-flv" || target.protocol === "ws-ts";
    this.#frames = webSocket ? new WebSocketFrames(this) : undefined;
    this.#beganMs = context.clock.now();
    this.#url = target.url;
    this.#connection = this.#open(target.address);
  }

  get running(): boolean {
    return this.#member.running;
  }

  get wasAdmitted(): boolean {
    return this.#playback.wasAdmitted;
  }

  get firstFrameMs(): number {
    return this.#playback.firstFrameMs;
  }

  get bytesReceived(): number {
    return this.#bytesBefore + this.#connection.bytesReceived;
  }

  head(head: ResponseHead): void {
    const { status, headers } = head;
    const hoped = this.#frames === undefined ? 200 : 101;
    const to = redirectedTo(head, this.#url, this.#redirects);
    if (to !== undefined && this.#frames === undefined) {
      this.#follow(to);
      return;
    }
    if (status !== hoped) {
      this.#refusal = new RefusalText(head);
      return;
    }
    const sha1 = (bytes: Uint8Array): Uint8Array => createHash("sha1").update(bytes).digest();
    if (this.#frames !== undefined && headers.get("sec-websocket-accept") !== acceptKey(this.#key, sha1)) {
      this.#fail("the server's Sec-WebSocket-Accept does not fit the key that it was sent");
      return;
    }
    this.#member.admitted(this.#context.group.arrivedMs - this.#beganMs);
    this.#playback.admitted();
  }

  body(bytes: Uint8Array): void {
    if (this.#refusal !== undefined) this.#refusal.push(bytes);
    else if (this.#frames !== undefined) this.#frames.push(bytes);
    else this.#media.push(bytes);
  }

  done(problem: string | undefined): void {
    if (this.#refusal !== undefined) this.#fail(String(this.#refusal));
    else if (problem !== undefined) this.#fail(this.running ? `${problem} while playing` : problem);
    else this.#fail("ended by the server: its answer is at an end");
  }

  data(bytes: Uint8Array): void {
    this.#media.push(bytes);
  }

  ping(payload: Uint8Array): void {
    this.#sendControl(Opcode.Pong, payload);
  }

  closed(code: number, reason: string): void {
    this.#fail(`ended by the server: ${reason || "no reason given"} (WebSocket ${code})`);
  }

  finish(nowMs: number): void {
    const problem = this.#playback.finish(this.#beganMs, this.#connection.askedMs, this.running, nowMs);
    if (problem !== undefined) this.#fail(problem);
  }

  close(): void {
    if (this.running && this.#frames !== undefined)
      this.#sendControl(Opcode.Close, Uint8Array.of(CloseCode.GoingAway >>> 8, CloseCode.GoingAway & 0xff));
    this.#member.leave();
    this.#connection.close();
  }

  #open(address: HttpAddress): HttpConnection {
    const connection = new HttpConnection(this.#context, this.#context.group, address);
    connection.request(this.#url, this.#frames === undefined ? "" : this.#upgrade(), this);
    return connection;
  }

  #follow(to: URL): void {
    this.#redirects++;
    this.#bytesBefore = this.bytesReceived;
    this.#connection.abort();
    this.#url = to;
    this.#connection = this.#open(httpAddress(to));
  }

  #fail(reason: string): void {
    this.#member.fail(reason);
    this.#connection.abort();
  }

  /** The lines of a request for a WebSocket (RFC 6455, 4.1). */
  #upgrade(): string {
    const key = new Uint8Array(16);
    this.#context.random(key);
    this.#key = key.toBase64();
    return `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${this.#key}\r\n`;
  }

  #sendControl(opcode: number, payload: Uint8Array): void {
    const mask = new Uint8Array(4);
    this.#context.random(mask);
    this.#connection.send(maskedControlFrame(opcode, payload, mask));
  }
}
