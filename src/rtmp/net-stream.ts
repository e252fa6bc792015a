import { AmfObject } from "../amf/value.ts";
import { splitAggregate } from "../media/aggregate.ts";
import type { PacketKind } from "../media/packet.ts";
import { HOPS_COMMAND } from "./connect.ts";
import { MessageType, UserControl } from "./messages.ts";
import type { Peer } from "./peer.ts";

/**
 * Where a published stream's media goes: called for each message, without anything between. `timestamp` is uint32 ms; the
 * payload of audio and video is lent for the call, that of data belongs to the receiver.
 */
export interface MediaHandler {
  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void;
}

/** A peer's spelling of a name goes back to it no longer than this, in UTF-16 units: no name that is accepted is longer. */
const LONGEST_DETAILS = 1024;

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
export class NetStream {
  /** The message stream id, as in every message of it. */
  readonly id: number;
  readonly #peer: Peer;
  role: "idle" | "publishing" | "playing" = "idle";
  /** What it publishes or plays, as the client spelled it. */
  name = "";
  /** Whether the client asked for `Play.Reset` (the default). */
  reset = true;
  /** Whether the client announced the name by FCPublish and waits for onFCPublish. */
  announced = false;
  /** Set while it publishes. */
  media: MediaHandler | undefined;

  constructor(id: number, peer: Peer) {
    this.id = id;
    this.#peer = peer;
  }

  /** Outgoing chunk size, bytes. */
  get chunkSize(): number {
    return this.#peer.chunkSize;
  }

  /** Lets the client publish; its media goes to `media` from now on. */
  acceptPublish(media: MediaHandler): void {
    this.media = media;
    const description = "Started publishing stream.";
    if (this.announced) {
      const information = AmfObject.of({ code: "NetStream.Publish.Start", description });
      this.#peer.sendCommand(this.id, ["onFCPublish", 0, null, information]);
    }
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    this.status("status", "NetStream.Publish.Start", description);
  }

  /** Lets the client play; media may follow at once. */
  acceptPlay(): void {
    this.#peer.sendUserControl(UserControl.StreamBegin, this.id);
    if (this.reset) this.status("status", "NetStream.Play.Reset", "Playing and resetting stream.");
    this.status("status", "NetStream.Play.Start", "Started playing stream.");
    this.#peer.sendData(this.id, ["|RtmpSampleAccess", true, true]);
  }

  /** Says no to a publish or play: `code` in the protocol's words, `description` for the person who reads it. */
  refuse(code: string, description: string): void {
    this.role = "idle";
    this.media = undefined;
    this.status("error", code, description);
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

  get #details(): string {
    return this.name.slice(0, LONGEST_DETAILS);
  }
}
