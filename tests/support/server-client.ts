import type { ConnectRequest } from "../../src/rtmp/connect.ts";
import { defaultLimits, type RtmpLimits } from "../../src/rtmp/limits.ts";
import type { MediaHandler, NetStream } from "../../src/rtmp/net-stream.ts";
import type { ConnectEvents, PlayRequest, StreamEvents } from "../../src/rtmp/server-events.ts";
import { ServerSession } from "../../src/rtmp/server-session.ts";
import { toHex } from "./bytes.ts";
import { brief, clientHandshake, connect, type SentMessage, SentReader } from "./session.ts";

/** What a server's handshake takes before its first message. */
export const SERVER_HANDSHAKE_BYTES = 3073;

/**
 * A server session whose owner says yes to everything, and the client's end of its wire. `told` has what the owner was
 * told, one line each.
 */
export class ServerUnderTest implements ConnectEvents, StreamEvents {
  readonly told: string[] = [];
  readonly sent = new SentReader(SERVER_HANDSHAKE_BYTES);
  readonly session: ServerSession;
  readonly streams: NetStream[] = [];
  request: ConnectRequest | undefined;
  nowMs = 1000;
  /** What is to be done in a later turn. */
  readonly soon: (() => void)[] = [];
  /** Set to have the next requests refused instead. */
  refusal: string | undefined;

  /** `send`: where the server's bytes go; to `sent` when there is none. */
  constructor(limits: Partial<RtmpLimits> = {}, send?: (bytes: Uint8Array) => void) {
    this.session = new ServerSession(this, this, {
      limits: { ...defaultLimits, ...limits },
      send: send ?? ((bytes) => this.sent.push(bytes)),
      now: () => this.nowMs,
      random: (into) => into.fill(7),
      soon: (work) => this.soon.push(work),
      identity: { srs_server: "srs/test", srs_id: "c1" },
    });
  }

  /** Sends bytes as the client; the server's answers, one line each. */
  say(...parts: readonly Uint8Array[]): string[] {
    for (const part of parts) this.session.receive(part.slice());
    return this.answers().map(brief);
  }

  /** The server's messages since the last look. */
  answers(): SentMessage[] {
    return this.sent.take();
  }

  /** Shakes hands, connects, and forgets the answers. */
  connected(): this {
    this.say(clientHandshake(), connect());
    this.told.length = 0;
    return this;
  }

  connect(request: ConnectRequest): void {
    this.request = request;
    this.told.push(`connect ${request.app}`);
    if (this.refusal === undefined) this.session.acceptConnect(60000);
    else this.session.rejectConnect(this.refusal);
  }

  publish(stream: NetStream, name: string): void {
    this.streams.push(stream);
    this.told.push(`publish@${stream.id} ${name}`);
    if (this.refusal === undefined) stream.acceptPublish(this.#media(stream.id));
    else stream.refuse("NetStream.Publish.BadName", this.refusal);
  }

  play(stream: NetStream, { name, start, duration }: PlayRequest): void {
    this.streams.push(stream);
    this.told.push(`play@${stream.id} ${name} ${start} ${duration}`);
    if (this.refusal === undefined) stream.acceptPlay();
    else stream.refuse("NetStream.Play.StreamNotFound", this.refusal);
  }

  pause(stream: NetStream, paused: boolean): void {
    this.told.push(`${paused ? "pause" : "unpause"}@${stream.id}`);
  }

  receive(stream: NetStream, kind: "audio" | "video", on: boolean): void {
    this.told.push(`${kind}@${stream.id} ${on ? "on" : "off"}`);
  }

  restart(stream: NetStream): void {
    this.told.push(`restart@${stream.id}`);
  }

  age(stream: NetStream, ms: number | undefined): void {
    this.told.push(`age@${stream.id} ${ms}`);
  }

  epoch(stream: NetStream, text: string, lost: boolean, ladder: string, tracks: string): void {
    const words = [lost ? " lost" : "", ladder && ` of ${ladder}`, tracks && ` with ${tracks}`];
    this.told.push(`epoch@${stream.id} ${text}${words.join("")}`);
  }

  hops(stream: NetStream, hops: readonly string[]): void {
    this.told.push(`hops@${stream.id} ${hops.join(" ")}`);
  }

  ended(stream: NetStream): void {
    this.told.push(`ended@${stream.id}`);
  }

  /** What the owner was told since the last look. */
  takeTold(): string[] {
    return this.told.splice(0);
  }

  #media(id: number): MediaHandler {
    return {
      push: (kind, timestamp, payload, amf3) =>
        this.told.push(`media@${id} ${kind}${amf3 ? " amf3" : ""} ${timestamp} ${toHex(payload.subarray(0, 8))}`),
    };
  }
}
