// Hot: push runs for each packet.
import { classify } from "../../media/classify.ts";
import { readData } from "../../media/data.ts";
import { Metadata } from "../../media/metadata.ts";
import { PacketFlag, PacketKind } from "../../media/packet.ts";
import { Headers } from "../log/headers.ts";
import { readEpoch, type ToldEpoch, unrolled } from "./epoch-text.ts";
import { StepsBack } from "./step-back.ts";

/**
 * How a source came: `client`, it publishes here; `pull`, it is fetched for those who watch, and its end says nothing of the
 * publisher; `sibling`, another process of this server has the publisher and passes the stream on to others; `transcode`, an engine here
 * makes it of another stream.
 */
export type SourceVia = "client" | "pull" | "sibling" | "transcode";

/** Who publishes, as far as others care: relays pass the parameters and the hops on. */
export interface SourceInfo {
  /** The connection's id in the log. */
  readonly id: string;
  readonly remote: string;
  /** The publisher's URL parameters, `""` or `"?a=b"`. */
  readonly param: string;
  /** Ids of the servers that the stream came through, oldest first; a stream must not come to one of them again. */
  readonly hops: readonly string[];
  readonly via: SourceVia;
}

/**
 * How a source ended: `unpublished`, it said so and players are told at once; `lost`, it vanished (closed, stalled) and
 * may come back, so players are told only after the grace time.
 */
export type SourceEnd = "unpublished" | "lost";

/** What becomes of a source of a stream that has one: it is refused, takes the other's place, or stands by. */
export type OnConflict = "reject" | "replace" | "standby";

/** What the owner of a source is told. */
export interface SourceEvents {
  /** Another source has taken its place and it has ended: the owner tells its peer. */
  replaced?(by: SourceInfo): void;
  /** It may not publish after all: the owner tells its peer why, and ends it. */
  dismissed?(reason: string): void;
  /** Somebody else wants the stream: the owner asks its peer for a sign of life, and calls `alive` when one comes. */
  probe?(): void;
  /** Whether what its peer has sent may not have been read yet, for nobody waits for it. */
  unread?(): boolean;
  /** Whether anybody waits for what it sends has changed. */
  awaited?(awaited: boolean): void;
}

/** How a source begins. */
export interface PublishOptions {
  /** What to do when the stream has a source already; without it, the new one is refused. */
  readonly onConflict?: OnConflict;
  /** Takes over from one that isn't preferred, once it has been steady. */
  readonly preferred?: boolean;
  readonly events?: SourceEvents;
}

/** `active`, its packets are the stream's; `standby`, they are held in case the active one fails. */
export type SourceRole = "active" | "standby" | "ended";

/** A publisher of a stream. After `end`, `push` does nothing. */
export interface Source {
  readonly info: SourceInfo;
  readonly role: SourceRole;
  /** Takes over from one that isn't; its owner may change it. */
  preferred: boolean;
  /** Whether anybody waits for what it sends: readers, sources that are compared with it, a publisher that wants its place. */
  readonly awaited: boolean;
  readonly packets: number;
  /** Audio and video so far, without sequence headers and configurations. */
  readonly frames: number;
  /** Of them, those of video. */
  readonly videoFrames: number;
  /** Between the last two key frames, ms by its timestamps; 0 before there were two. */
  readonly gopMs: number;
  readonly bytes: number;
  /** When it began, monotonic ms. */
  readonly since: number;
  /** When it last sent an audio or video frame, monotonic ms; when it began, before that. */
  readonly lastMediaAt: number;
  /** One media message; `timestamp` is the wire's uint32 ms, `payload` is copied. */
  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3?: boolean): void;
  /** Its peer has given a sign of life besides media. */
  alive(): void;
  /** The stream comes over these servers now. */
  reroute(hops: readonly string[]): void;
  /**
   * Its peer tells the stream's epoch (`writeEpoch`), before the packets that it concerns; `lost`: it goes on behind packets that
   * it has lost. False for what is no epoch: then nothing changes.
   */
  receiveEpoch(text: string, lost: boolean): boolean;
  /** Whoever decides elsewhere, later than guards do, does not want it. */
  dismiss(reason: string): void;
  end(how: SourceEnd): void;
}

/** What a source feeds. */
export interface SourceOwner {
  /** One message, classified (`PacketFlag` bits, track), its timestamp as on the wire. */
  take(
    source: LiveSource,
    kind: PacketKind,
    timestamp: number,
    payload: Uint8Array,
    flags: number,
    track: number,
  ): void;
  /** Its peer lives. */
  alive(source: LiveSource): void;
  /** Its hops have changed. */
  reroute(source: LiveSource): void;
  /** It has told an epoch. */
  onEpoch(source: LiveSource, told: ToldEpoch, lost: boolean): void;
  /** A track goes on in another codec, without a sequence header so far. */
  codecChanged(source: LiveSource): void;
  endSource(source: LiveSource, how: SourceEnd): void;
}

const HEADER = PacketFlag.SequenceHeader | PacketFlag.Config;
const NOT_A_FRAME = HEADER | PacketFlag.SequenceEnd;

/** Whether flags are those of what readers need before they begin: sequence headers, configurations, metadata. */
export function isHeader(flags: number): boolean {
  return (flags & HEADER) !== 0;
}

/** Whether flags are those of what readers get on joining: headers, and data that is kept. */
export function isKept(flags: number): boolean {
  return (flags & (HEADER | PacketFlag.Announcement)) !== 0;
}

/** Whether a packet is a key frame. */
export function isKey(kind: PacketKind, flags: number): boolean {
  return kind === PacketKind.Video && (flags & NOT_A_FRAME) === 0 && (flags & PacketFlag.Key) !== 0;
}

/** Data messages that a source may have kept for readers to come, by name; and bytes of each. */
const MAX_ANNOUNCEMENTS = 16;
const MAX_ANNOUNCEMENT_BYTES = 16 * 1024;
/** Servers' word to those who play, which an edge hears, too. */
const PLAY_STATUS = "onStatus";
/** Whoever has sent media within this is alive. */
const LIVELY_MS = 250;

/** A stream's own side of `Source`: what is known of it whether it is active or stands by. */
export class LiveSource implements Source {
  info: SourceInfo;
  preferred: boolean;
  readonly events: SourceEvents;
  readonly since: number;
  /** What a reader needs before its next frame. */
  readonly headers = new Headers();
  role: SourceRole = "active";
  awaited = true;
  packets = 0;
  frames = 0;
  videoFrames = 0;
  gopMs = 0;
  /** The first bytes of its newest frames, which name FLV's own codecs; -1 before the first. */
  audioByte = -1;
  videoByte = -1;
  #keyAt = -1;
  bytes = 0;
  lastMediaAt: number;
  /** The longest that it has sent no media so far, ms. */
  maxPauseMs = 0;
  /** Key frames that came without the sequence header that players need. */
  headerless = 0;
  /** The track whose key frames begin GOPs: the lowest that had one; -1 before the first. */
  keyTrack = -1;
  /** The epoch that it told last, and about where its peer is in its own time. */
  told: ToldEpoch | undefined;
  toldAt = 0;
  readonly #owner: SourceOwner;
  readonly #metadata = new Metadata();
  /** Names of data messages that are kept. */
  readonly #announced = new Set<string>();
  readonly #stepsBack = new StepsBack();

  constructor(owner: SourceOwner, info: SourceInfo, since: number, options: PublishOptions = {}) {
    this.#owner = owner;
    this.info = info;
    this.preferred = options.preferred ?? false;
    this.events = options.events ?? {};
    this.since = since;
    this.lastMediaAt = since;
  }

  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3 = false): void {
    if (this.role === "ended") return;
    this.packets++;
    this.bytes += payload.length;
    if (kind === PacketKind.Data) {
      this.#pushData(timestamp, payload, amf3);
      return;
    }
    const class_ = classify(kind, payload);
    const frame = !isHeader(class_);
    if (frame) {
      this.frames++;
      if (kind === PacketKind.Audio) this.audioByte = payload[0] ?? -1;
      else {
        this.videoByte = payload[0] ?? -1;
        this.#countVideo((class_ & PacketFlag.Key) !== 0, class_ >>> 8, timestamp);
      }
      // Of video, a GOP has one codec.
      if (kind === PacketKind.Audio || (class_ & PacketFlag.Key) !== 0)
        if (this.headers.follow(kind, class_ >>> 8, payload)) this.#owner.codecChanged(this);
    }
    const meant = frame && kind === PacketKind.Video ? this.#stepsBack.corrected(timestamp) : timestamp;
    this.#owner.take(this, kind, meant, payload, class_ & 0xff, class_ >>> 8);
  }

  #countVideo(key: boolean, track: number, timestamp: number): void {
    this.videoFrames++;
    if (!key || track !== 0) return;
    if (this.#keyAt >= 0) this.gopMs = (timestamp - this.#keyAt) >>> 0;
    this.#keyAt = timestamp;
  }

  /** Tells its owner whether anybody waits for what it sends. */
  notifyAwaited(awaited: boolean): void {
    if (awaited === this.awaited) return;
    this.awaited = awaited;
    this.events.awaited?.(awaited);
  }

  /** It has sent media. */
  onMedia(now: number): void {
    const pause = now - this.lastMediaAt;
    if (pause > this.maxPauseMs) this.maxPauseMs = pause;
    this.lastMediaAt = now;
  }

  /** It has published, sends nothing at `now`, and can be asked why. */
  mayBeGone(now: number): boolean {
    return this.events.probe !== undefined && this.packets > 0 && now - this.lastMediaAt > LIVELY_MS;
  }

  alive(): void {
    if (this.role !== "ended") this.#owner.alive(this);
  }

  reroute(hops: readonly string[]): void {
    if (hops.join() === this.info.hops.join()) return;
    this.info = { ...this.info, hops };
    if (this.role !== "ended") this.#owner.reroute(this);
  }

  receiveEpoch(text: string, lost: boolean): boolean {
    const told = readEpoch(text);
    if (told === undefined) return false;
    this.told = told;
    this.toldAt = told.at;
    if (this.role !== "ended") this.#owner.onEpoch(this, told, lost);
    return true;
  }

  /** While it stands by: its peer's time goes on. */
  followTime(timestamp: number): void {
    if (this.told !== undefined) this.toldAt = unrolled(this.toldAt, timestamp);
  }

  dismiss(reason: string): void {
    this.events.dismissed?.(reason);
  }

  end(how: SourceEnd): void {
    if (this.role !== "ended") this.#owner.endSource(this, how);
  }

  /** Whether a video frame has a key frame before it (or is one). */
  decodable(key: boolean, track: number): boolean {
    if (key && (this.keyTrack < 0 || track < this.keyTrack)) this.keyTrack = track;
    return this.keyTrack >= 0;
  }

  /** Whether a data message is kept for readers to come: said before the first key frame it may describe the stream, once. */
  #announces(name: string, body: Uint8Array): boolean {
    if (body.length > MAX_ANNOUNCEMENT_BYTES || name === PLAY_STATUS) return false;
    if (this.keyTrack < 0 && this.#announced.size < MAX_ANNOUNCEMENTS) this.#announced.add(name);
    return this.#announced.has(name);
  }

  #pushData(timestamp: number, payload: Uint8Array, amf3: boolean): void {
    const message = readData(payload, amf3);
    if (message === undefined) return;
    if (message.action === "pass") {
      const set = message.merge ? PacketFlag.SetDataFrame : 0;
      const kept = this.#announces(message.name, message.body) ? PacketFlag.Announcement : 0;
      this.#owner.take(this, PacketKind.Data, timestamp, message.body, (amf3 ? PacketFlag.Amf3 : 0) | set | kept, 0);
      return;
    }
    this.#metadata.apply(message);
    const merged = this.#metadata.payload();
    if (merged === undefined) this.headers.setMetadata(undefined);
    else this.#owner.take(this, PacketKind.Data, timestamp, merged, PacketFlag.Config, 0);
  }
}
