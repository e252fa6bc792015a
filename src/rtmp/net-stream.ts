import { AmfObject } from "../amf/value.ts";
import { splitAggregate } from "../media/aggregate.ts";
import type { PacketKind } from "../media/packet.ts";
import type { Request } from "./backlog.ts";
import { EPOCH_COMMAND, HOPS_COMMAND } from "./connect.ts";
import { MessageType, UserControl } from "./messages.ts";
import type { Peer } from "./peer.ts";

/**
 * Where a published stream's media goes: called for each message, without anything between. `timestamp` is uint32 ms; the
 * payload of audio and video is lent for the call, that of data belongs to the receiver.
 */
export interface MediaHandler {
  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void;
}

/** No name that is accepted is longer, UTF-16 units. */
const MAX_DETAILS = 1024;

/** A peer's spelling of a name as it goes back to it: no longer than names may be. */
export function details(name: string): string {
  return name.slice(0, MAX_DETAILS);
}

/** Hands one media message (audio, video, data or aggregate, by its RTMP type) to `media`; aggregates are split. */
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
  /** The message stream id, as in every message of it. */
  readonly id: number;
  readonly #peer: Peer;
  role: "idle" | "publishing" | "playing" = "idle";
  /** What it publishes or plays, as the client spelled it. */
  name = "";
  /** Whether the client asked for `Play.Reset` (the default). */
  reset = true;
  /** As of its publish or play. */
  waits = false;
  answered = false;
  /** Its publish or play was refused, or is no longer allowed. */
  refused = false;
  /** Set while it publishes. */
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
   * Lets the client publish: its media goes to `media` from now on, what it has sent before the answer first. Throws
   * ProtocolError when that is a breach.
   */
  acceptPublish(media: MediaHandler): void {
    this.media = media;
    this.confirmPublish();
    this.#tellAnswered();
  }

  /** Tells the client that it may publish; again, when it asks again for what it publishes already. */
  confirmPublish(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    this.status("status", "NetStream.Publish.Start", "Started publishing stream.");
  }

  /** Lets the client play, and calls `begin`, which may send media. What the client has sent before the answer comes after that. */
  acceptPlay(begin: () => void = () => undefined): void {
    this.confirmPlay();
    begin();
    this.#tellAnswered();
  }

  /** Tells the client that it plays; again, when it asks again for what it plays already. */
  confirmPlay(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    if (this.reset) this.status("status", "NetStream.Play.Reset", "Playing and resetting stream.");
    this.status("status", "NetStream.Play.Start", "Started playing stream.");
    this.#peer.sendData(this.id, ["|RtmpSampleAccess", true, true]);
  }

  /** Says no to a publish or play: `code` in the protocol's words, `description` for the person who reads it. */
  refuse(code: string, description: string): void {
    this.role = "idle";
    this.refused = true;
    this.media = undefined;
    this.status("error", code, description);
    this.#tellAnswered();
  }

  /** Tells a player that the stream has stopped; it may stay. */
  notifyUnpublished(): void {
    this.#peer.sendUserControl(UserControl.StreamEof, this.id);
    this.status("status", "NetStream.Play.UnpublishNotify", `${this.#details} is now unpublished.`);
  }

  /** Tells a player that the stream is (again) published. */
  notifyPublished(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    this.status("status", "NetStream.Play.PublishNotify", `${this.#details} is now published.`);
  }

  /** Tells a relay that plays which servers the stream has passed, this one last. */
  tellHops(hops: readonly string[]): void {
    this.#peer.sendCommand(this.id, [HOPS_COMMAND, 0, null, hops.join(",")]);
  }

  /** Tells a relay that plays the stream's epoch; `lost`: packets before those for which it holds are. */
  tellEpoch(text: string, lost: boolean): void {
    this.#peer.sendCommand(this.id, [EPOCH_COMMAND, 0, null, text, lost]);
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

  #tellAnswered(): void {
    this.answered = true;
    this.#onAnswered(this);
  }

  get #details(): string {
    return details(this.name);
  }
}
