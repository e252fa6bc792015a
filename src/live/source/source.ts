// Hot: push runs for each packet.
import { classify } from "../../media/classify.ts";
import { Codec, codecName, codecNumber } from "../../media/codec.ts";
import { METADATA_NAME, readData } from "../../media/data.ts";
import { Metadata } from "../../media/metadata.ts";
import { Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { Headers } from "../log/headers.ts";
import { mainKey, ReportedTracks } from "./encoder-tracks.ts";
import { dateOf, type EpochMessage, readEpoch, unrolled } from "./epoch-text.ts";
import { type Ladder, readLadder, sameLadder } from "./ladder.ts";
import { StepsBack } from "./step-back.ts";

/**
 * How a source came: `client`, it publishes here; `pull`, the stream is fetched for its viewers, so the end of the pull says
 * nothing about the publisher; `sibling`, another process of this server has the publisher and passes the stream on to other
 * servers; `transcode`, an engine here makes it from another stream.
 */
export type SourceVia = "client" | "pull" | "sibling" | "transcode";

/** The publisher; relays pass its parameters and hops on. */
export interface SourceInfo {
  /** The connection's id in the log. */
  readonly id: string;
  readonly remote: string;
  /** The publisher's URL parameters, `""` or `"?a=b"`. */
  readonly param: string;
  /** Ids of the servers that the stream came through, oldest first. It must not come to any of them again. */
  readonly hops: readonly string[];
  readonly via: SourceVia;
  /** A client that publishes to this server replaces the source, as the cluster's nodes have agreed that the client may publish. */
  readonly yields?: boolean;
}

/**
 * How a source ended: `unpublished`, the publisher said so, and players are notified at once; `lost`, the connection closed or
 * stalled and may come back, so players are notified only after the grace time.
 */
export type SourceEnd = "unpublished" | "lost";

/** What happens to a new source of a stream that has one: it is refused, replaces the other, or stands by. */
export type OnConflict = "reject" | "replace" | "standby";

/** Notifications for the owner of a source. */
export interface SourceEvents {
  /** Another source has replaced it, and it has ended: the owner notifies its peer. */
  replaced?(by: SourceInfo): void;
  /** It may no longer publish: the owner sends its peer the reason, and ends it. */
  dismissed?(reason: string): void;
  /** Another publisher wants the stream: the owner pings its peer, and calls `alive` when an answer comes. */
  probe?(): void;
  /** Whether input of its peer may be unread, because reading was put off. */
  unread?(): boolean;
  /** `Source.awaited` has changed. */
  awaitedChanged?(awaited: boolean): void;
}

/** How a source begins. */
export interface PublishOptions {
  /** What to do when the stream has a source already; by default the new one is refused. */
  readonly onConflict?: OnConflict;
  /** Takes over from a source that is not preferred, once it has been steady. */
  readonly preferred?: boolean;
  readonly events?: SourceEvents;
}

/** `active`: its packets are the stream's; `standby`: they are held in case the active source fails. */
export type SourceRole = "active" | "standby" | "ended";

/** A publisher of a stream. After `end`, `push` does nothing. */
export interface Source {
  readonly info: SourceInfo;
  readonly role: SourceRole;
  /** Takes over from sources that are not preferred; the owner may change it. */
  preferred: boolean;
  /** Whether somebody waits for its packets: a reader, the comparison with standbys, or a takeover. */
  readonly awaited: boolean;
  readonly packets: number;
  /** Audio and video frames so far, without sequence headers and configurations. */
  readonly frames: number;
  /** Video frames among them. */
  readonly videoFrames: number;
  /** Distance of the last two key frames, ms of its timestamps; 0 before there were two. */
  readonly gopMs: number;
  /** Length of the unfinished GOP so far, ms of its timestamps; before the first key frame, since the first video frame. */
  readonly openGopMs: number;
  readonly bytes: number;
  /**
   * For each kind (audio, video) without a sequence header in track 0, the beginning of a frame, which shows the codec. Replaced,
   * never changed.
   */
  readonly frameHeads: readonly Packet[];
  /** The codec whose frames come without the sequence header that players need; undefined when none is missing. */
  readonly missingHeader: string | undefined;
  /** When it began, monotonic ms. */
  readonly since: number;
  /**
   * Age of its packets when they arrive: ms since they came to the first server, 0 from an encoder. Undefined: a server on the way
   * does not report it.
   */
  readonly ageMs: number | undefined;
  /** The stream's ladder, as its peer reports it. */
  readonly ladder: Ladder | undefined;
  /** When it last sent an audio or video frame, monotonic ms; when it began, before that. */
  readonly lastMediaAt: number;
  /** One media message; `timestamp` is the wire's uint32 ms, `payload` is copied. */
  push(kind: PacketKind, timestamp: number, payload: Uint8Array, amf3?: boolean): void;
  /** Its peer has sent something besides media. */
  alive(): void;
  /** The stream now comes through these servers. `yields`: as in `SourceInfo`, where a peer tells it. */
  reroute(hops: readonly string[], yields?: boolean): void;
  /**
   * Takes the stream's epoch as its peer sent it (`writeEpoch`), before the packets that it concerns, and with it the texts of its
   * ladder, "" for none, and of its encoder's tracks (`EncoderTracks.text`), "" where they are not told. `lost`: packets are missing
   * before these. False if the text is no epoch; nothing changes then.
   */
  receiveEpoch(text: string, lost: boolean, ladder?: string, tracks?: string): boolean;
  /** The next frame is another encoder's, which has sent headers of these keys (`Headers.keys`): others are forgotten. */
  changeEncoder(keys: ReadonlySet<string>): void;
  /** Takes the age of its packets, from its peer's message and the delay of the connection. */
  receiveAge(ms: number | undefined): void;
  /** It may no longer publish, although the guards allowed it. */
  dismiss(reason: string): void;
  end(how: SourceEnd): void;
}

/** Receives a source's messages and events. */
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
  /** The source's peer is alive. */
  alive(source: LiveSource): void;
  /** The source's hops have changed. */
  reroute(source: LiveSource): void;
  /** The source has sent an epoch. */
  onEpoch(source: LiveSource, received: EpochMessage, lost: boolean): void;
  /** The source's peer reports another ladder. */
  ladderChanged(source: LiveSource): void;
  /** The next frame is the first one of another encoder, whose packets come from the same peer. */
  encoderChanged(source: LiveSource): void;
  /** A track continues in another codec, so far without a sequence header. */
  codecChanged(source: LiveSource): void;
  /** The first frame of a main track without a sequence header has come. */
  trackCame(source: LiveSource, kind: PacketKind): void;
  endSource(source: LiveSource, how: SourceEnd): void;
}

const HEADER = PacketFlag.SequenceHeader | PacketFlag.Config;
const NOT_A_FRAME = HEADER | PacketFlag.SequenceEnd;

/** Whether these are the flags of a packet that readers need at their start: sequence header, configuration, metadata. */
export function isHeader(flags: number): boolean {
  return (flags & HEADER) !== 0;
}

/** Whether these are the flags of a packet that readers get on joining: a header, or data that is kept. */
export function isKept(flags: number): boolean {
  return (flags & (HEADER | PacketFlag.Announcement)) !== 0;
}

/** Whether a packet is a key frame. */
export function isKey(kind: PacketKind, flags: number): boolean {
  return kind === PacketKind.Video && (flags & NOT_A_FRAME) === 0 && (flags & PacketFlag.Key) !== 0;
}

/** Bytes of a frame that show its codec. */
const HEAD_BYTES = 64;
/** Maximum number of data messages (by name) kept for later readers, and maximum bytes of each. */
const MAX_ANNOUNCEMENTS = 16;
const MAX_ANNOUNCEMENT_BYTES = 16 * 1024;
/** A server's message to players, which an edge receives, too. */
const PLAY_STATUS = "onStatus";
/** A source that has sent media within this time is alive. */
const LIVELY_MS = 250;

/** The stream's side of `Source`: its state as active source and as standby. */
export class LiveSource implements Source {
  info: SourceInfo;
  preferred: boolean;
  readonly events: SourceEvents;
  readonly since: number;
  /** What a reader needs before the source's next frame. */
  readonly headers = new Headers();
  role: SourceRole = "active";
  awaited = true;
  packets = 0;
  frames = 0;
  videoFrames = 0;
  gopMs = 0;
  frameHeads: readonly Packet[] = [];
  #keyAt = -1;
  /** Timestamps of the newest video frame, and of the one from which `openGopMs` counts. */
  #videoAt = 0;
  #gopFrom = 0;
  bytes = 0;
  ageMs: number | undefined;
  lastMediaAt: number;
  /** The longest pause between two media messages so far, ms. */
  maxPauseMs = 0;
  /** Key frames without the sequence header that players need. */
  headerless = 0;
  /** The track whose key frames begin GOPs: the lowest with a key frame; -1 before the first. */
  keyTrack = -1;
  /** The newest epoch that its peer sent, and its peer's approximate position in it. */
  epoch: EpochMessage | undefined;
  epochAt = 0;
  ladder: Ladder | undefined;
  readonly #owner: SourceOwner;
  readonly #metadata = new Metadata();
  readonly #reportedTracks = new ReportedTracks();
  /** Names of the data messages that are kept. */
  readonly #announced = new Set<string>();
  readonly #stepsBack = new StepsBack();

  constructor(owner: SourceOwner, info: SourceInfo, since: number, options: PublishOptions = {}) {
    this.#owner = owner;
    this.info = info;
    this.preferred = options.preferred ?? false;
    this.events = options.events ?? {};
    this.since = since;
    this.lastMediaAt = since;
    this.ageMs = info.via === "client" && info.hops.length === 0 ? 0 : undefined;
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
      if (this.#reportedTracks.pending) this.#followEncoder(timestamp, isKey(kind, class_));
      this.frames++;
      if (kind === PacketKind.Video) this.#countVideo((class_ & PacketFlag.Key) !== 0, class_ >>> 8, timestamp);
      // Video changes its codec only at a key frame.
      if (kind === PacketKind.Audio || (class_ & PacketFlag.Key) !== 0) {
        if (this.headers.follow(kind, class_ >>> 8, payload)) this.#owner.codecChanged(this);
        if (class_ >>> 8 === 0 && !this.headers.has(kind, 0)) this.#keepHead(kind, payload, class_ & 0xff);
      }
    }
    const meant = frame && kind === PacketKind.Video ? this.#stepsBack.corrected(timestamp) : timestamp;
    this.#owner.take(this, kind, meant, payload, class_ & 0xff, class_ >>> 8);
  }

  #keepHead(kind: PacketKind, payload: Uint8Array, flags: number): void {
    const codec = codecNumber(kind, payload);
    const known = this.frameHeads.find((head) => head.kind === kind);
    if (codec === 0 || (known !== undefined && codec === codecNumber(kind, known.payload))) return;
    if (known === undefined) this.#owner.trackCame(this, kind);
    else this.#owner.codecChanged(this);
    const head = new Packet(kind, 0, payload.slice(0, HEAD_BYTES), flags, 0);
    this.frameHeads = [...this.frameHeads.filter((other) => other !== known), head];
  }

  #countVideo(key: boolean, track: number, timestamp: number): void {
    this.#videoAt = timestamp;
    if (this.videoFrames++ === 0 || key) this.#gopFrom = timestamp;
    if (!key || track !== 0) return;
    if (this.#keyAt >= 0) this.gopMs = Math.max(0, (timestamp - this.#keyAt) | 0);
    this.#keyAt = timestamp;
  }

  #followEncoder(timestamp: number, key: boolean): void {
    const keys = this.#reportedTracks.reached(this.epoch?.at ?? 0, timestamp, key);
    if (keys !== undefined && this.frames > 0) this.changeEncoder(keys);
  }

  changeEncoder(keys: ReadonlySet<string>): void {
    this.headers.retain(keys);
    if (!keys.has(METADATA_NAME)) this.#metadata.clear();
    this.frameHeads = this.frameHeads.filter(({ kind }) => keys.has(mainKey(kind)));
    // Video that is kept may go on within its GOP.
    if (!keys.has(mainKey(PacketKind.Video))) this.keyTrack = -1;
    this.headerless = 0;
    this.#owner.encoderChanged(this);
  }

  get openGopMs(): number {
    return Math.max(0, (this.#videoAt - this.#gopFrom) | 0);
  }

  get missingHeader(): string | undefined {
    const lacks = ({ kind, payload }: Packet) => {
      if (this.headers.has(kind, 0)) return false;
      return kind === PacketKind.Video ? this.headerless > 1 : codecNumber(kind, payload) === Codec.Aac;
    };
    const head = this.frameHeads.find(lacks);
    return head && codecName(head.kind, head.payload);
  }

  /** Sets `awaited`, and notifies the owner when it changes. */
  setAwaited(awaited: boolean): void {
    if (awaited === this.awaited) return;
    this.awaited = awaited;
    this.events.awaitedChanged?.(awaited);
  }

  /** A media message has come. */
  onMedia(now: number): void {
    const pause = now - this.lastMediaAt;
    if (pause > this.maxPauseMs) this.maxPauseMs = pause;
    this.lastMediaAt = now;
  }

  /** Whether the source has sent packets, is silent at `now`, and can be probed. */
  mayBeGone(now: number): boolean {
    return this.events.probe !== undefined && this.packets > 0 && now - this.lastMediaAt > LIVELY_MS;
  }

  alive(): void {
    if (this.role !== "ended") this.#owner.alive(this);
  }

  reroute(hops: readonly string[], yields = this.info.yields ?? false): void {
    if (hops.join() === this.info.hops.join() && yields === (this.info.yields ?? false)) return;
    this.info = { ...this.info, hops, yields };
    if (this.role !== "ended") this.#owner.reroute(this);
  }

  receiveEpoch(text: string, lost: boolean, ladder = "", tracks = ""): boolean {
    const received = readEpoch(text);
    if (received === undefined) return false;
    const before = this.ladder;
    this.ladder = readLadder(ladder);
    this.epoch = received;
    this.epochAt = received.at;
    this.#reportedTracks.receive(tracks, lost);
    if (this.role === "ended") return true;
    this.#owner.onEpoch(this, received, lost);
    if (!sameLadder(before, this.ladder)) this.#owner.ladderChanged(this);
    return true;
  }

  receiveAge(ms: number | undefined): void {
    this.ageMs = ms;
  }

  /** The date of the frame with this timestamp, Unix ms; undefined if its peer has sent no epoch for it. */
  dateAt(timestamp: number): number | undefined {
    return this.epoch && dateOf(this.epoch, unrolled(this.epochAt, timestamp));
  }

  /** Follows its peer's time while it stands by. */
  followTime(timestamp: number): void {
    if (this.epoch !== undefined) this.epochAt = unrolled(this.epochAt, timestamp);
  }

  dismiss(reason: string): void {
    this.events.dismissed?.(reason);
  }

  end(how: SourceEnd): void {
    if (this.role !== "ended") this.#owner.endSource(this, how);
  }

  /** Whether a video frame is a key frame or has one before it. */
  decodable(key: boolean, track: number): boolean {
    if (key && (this.keyTrack < 0 || track < this.keyTrack)) this.keyTrack = track;
    return this.keyTrack >= 0;
  }

  /** Whether a data message is kept for later readers: one that comes before the first key frame may describe the stream. */
  #announces(name: string, body: Uint8Array): boolean {
    if (body.length > MAX_ANNOUNCEMENT_BYTES || name === PLAY_STATUS) return false;
    if (this.keyTrack < 0 && this.#announced.size < MAX_ANNOUNCEMENTS) this.#announced.add(name);
    return this.#announced.has(name);
  }

  /** Whether another server, or another process of this one, passes the stream on. */
  get #isRelay(): boolean {
    return this.info.hops.length > 0 || this.info.via === "sibling";
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
    // Servers pass metadata on as a whole: an earlier encoder's values must not stay.
    this.#metadata.apply(this.#isRelay ? { ...message, merge: false } : message);
    const merged = this.#metadata.payload();
    if (merged === undefined) this.headers.setMetadata(undefined);
    else this.#owner.take(this, PacketKind.Data, timestamp, merged, PacketFlag.Config, 0);
  }
}
