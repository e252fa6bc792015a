import { AmfObject } from "../amf/value.ts";
import { splitAggregate } from "../media/aggregate.ts";
import type { PacketKind } from "../media/packet.ts";
import type { Request } from "./backlog.ts";
import { AGE_COMMAND, type EpochCommandArguments, epochCommand, HOPS_COMMAND } from "./connect.ts";
import { MessageType, UserControl } from "./messages.ts";
import type { Peer } from "./peer.ts";
import { FOUND_ELSEWHERE } from "./server-answers.ts";

/**
 * Receives a published stream's media: called for each message. `timestamp` is uint32 ms; the payload of audio and video is
 * lent for the call, that of data belongs to the receiver.
 */
export interface MediaHandler {
  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void;
}

/** Longest accepted name, UTF-16 units. */
const MAX_DETAILS = 1024;

/** A peer's spelling of a name in messages to that peer: cut to the longest accepted name. */
export function details(name: string): string {
  return name.slice(0, MAX_DETAILS);
}

/** Passes one media message (audio, video, data or aggregate, by its RTMP type) to `media`; aggregates are split. */
export function pushMedia(media: MediaHandler, type: number, timestamp: number, payload: Uint8Array): void {
  switch (type) {
    case MessageType.DataAmf3:
      media.push(MessageType.DataAmf0, timestamp, payload, true);
      return;
    case MessageType.Aggregate:
      for (const part of splitAggregate(payload, timestamp)) media.push(part.kind, part.timestamp, part.payload, false);
      return;
    default:
      media.push(type as PacketKind, timestamp, payload, false);
  }
}

/** One message stream of a client's connection: it publishes one stream, plays one, or nothing. */
export class NetStream implements Request {
  /** The message stream id, as in each of its messages. */
  readonly id: number;
  readonly #peer: Peer;
  role: "idle" | "publishing" | "playing" = "idle";
  /** The name of the stream that it publishes or plays, in the client's spelling. */
  name = "";
  /** Whether the client asked for `Play.Reset` (the default). */
  reset = true;
  /** As in `Request`, for its publish or play. */
  waits = false;
  answered = false;
  /** Its publish or play was refused, or is no longer allowed. */
  refused = false;
  /** Receives the media; set while the stream publishes. */
  media: MediaHandler | undefined;
  readonly #onAnswered: (stream: NetStream) => void;

  /** `onAnswered` is called after each answer to a publish or play. */
  constructor(id: number, peer: Peer, onAnswered: (stream: NetStream) => void) {
    this.id = id;
    this.#peer = peer;
    this.#onAnswered = onAnswered;
  }

  /** Outgoing chunk size, bytes. */
  get chunkSize(): number {
    return this.#peer.chunkSize;
  }

  /**
   * Accepts a publish: its media goes to `media` from now on, beginning with messages that waited for the answer. Throws
   * ProtocolError when that is a breach.
   */
  acceptPublish(media: MediaHandler): void {
    this.media = media;
    this.confirmPublish();
    this.#setAnswered();
  }

  /** Notifies the client that it may publish; also when it repeats its request. */
  confirmPublish(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    this.status("status", "NetStream.Publish.Start", "Started publishing stream.");
  }

  /** Accepts a play, and calls `begin`, which may send media. Messages that waited for the answer are processed after that. */
  acceptPlay(begin: () => void = () => undefined): void {
    this.confirmPlay();
    begin();
    this.#setAnswered();
  }

  /** Notifies the client that it plays; also when it repeats its request. */
  confirmPlay(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    if (this.reset) this.status("status", "NetStream.Play.Reset", "Playing and resetting stream.");
    this.status("status", "NetStream.Play.Start", "Started playing stream.");
    this.#peer.sendData(this.id, ["|RtmpSampleAccess", true, true]);
  }

  /** Refuses a publish or play: `code` is the protocol's status, `description` is for people. */
  refuse(code: string, description: string): void {
    this.role = "idle";
    this.refused = true;
    this.media = undefined;
    this.status("error", code, description);
    this.#setAnswered();
  }

  /**
   * Refuses a publish or play and names another server for it (SRS's RTMP 302). `tcUrl` is where to connect, `url` the stream's
   * whole URL there.
   */
  redirect(code: string, tcUrl: string, url: string): void {
    this.role = "idle";
    this.refused = true;
    this.media = undefined;
    const ex = AmfObject.of({ code: FOUND_ELSEWHERE, redirect: tcUrl, redirect2: url });
    const information = { level: "error", code, description: "RTMP 302 Redirect", ex };
    this.#peer.sendCommand(0, ["onStatus", 0, null, AmfObject.of(information)]);
    this.#setAnswered();
  }

  /** Notifies a player that the stream has stopped; it may stay. */
  notifyUnpublished(): void {
    this.#peer.sendUserControl(UserControl.StreamEof, this.id);
    this.status("status", "NetStream.Play.UnpublishNotify", `${this.#details} is now unpublished.`);
  }

  /** Notifies a player that the stream is (again) published. */
  notifyPublished(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    this.status("status", "NetStream.Play.PublishNotify", `${this.#details} is now published.`);
  }

  /** Notifies a playing relay which servers the stream has passed, this one last. */
  sendHops(hops: readonly string[]): void {
    this.#peer.sendCommand(this.id, [HOPS_COMMAND, 0, null, hops.join(",")]);
  }

  /** Sends a playing relay the stream's epoch. */
  sendEpoch(...args: EpochCommandArguments): void {
    this.#peer.sendCommand(this.id, epochCommand(...args));
  }

  /** Sends a playing relay the age of packets when they leave, ms; undefined: unknown. */
  sendAge(ms: number | undefined): void {
    this.#peer.sendCommand(this.id, [AGE_COMMAND, 0, null, ms ?? null]);
  }

  /** Confirms pause or unpause. */
  notifyPause(paused: boolean): void {
    this.#peer.sendUserControl(paused ? UserControl.StreamEof : UserControl.StreamBegin, this.id);
    if (paused) this.status("status", "NetStream.Pause.Notify", "Paused stream.");
    else this.status("status", "NetStream.Unpause.Notify", "Unpaused stream.");
  }

  /** Sends `onStatus` (RTMP 1.0, 7.2.2). */
  status(level: "status" | "error", code: string, description: string): void {
    const information = AmfObject.of({ level, code, description, details: this.#details, clientid: "ASAICiss" });
    this.#peer.sendCommand(this.id, ["onStatus", 0, null, information]);
  }

  #setAnswered(): void {
    this.answered = true;
    this.#onAnswered(this);
  }

  get #details(): string {
    return details(this.name);
  }
}
