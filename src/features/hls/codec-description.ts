import { Headers } from "../../live/log/headers.ts";
import { Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { streamTracks } from "../../media/stream-tracks.ts";

/** Bytes that are kept of a frame: its codec's parameters are at the beginning. */
const MAX_FRAME_BYTES = 8192;
/** Maximum number of frames of a kind that are examined; a codec that none of them describes stays unknown. */
const MAX_FRAMES = 8;

/**
 * What is known of the codecs of a stream's track 0: the sequence headers in force, and one frame of each kind that has no header, or an
 * incomplete one (VP9's lacks the size of pictures).
 */
export class CodecDescription {
  readonly #headers = new Headers();
  readonly #frames: Packet[] = [];
  #list: readonly Packet[] | undefined;
  /** Kinds whose frames need not be examined: their configuration is known, or their frames do not tell it. */
  #known: readonly PacketKind[] | undefined;
  /** The kind of each frame that was examined. */
  #looked: PacketKind[] = [];

  /** Replaced, never changed. */
  get list(): readonly Packet[] {
    this.#list ??= [...this.#headers.list, ...this.#frames];
    return this.#list;
  }

  /** Whether there is a sequence header for video, so that key frames are to be expected. */
  get hasVideo(): boolean {
    return this.#headers.has(PacketKind.Video, 0);
  }

  /** Whether there is a sequence header of a kind. */
  has(kind: PacketKind): boolean {
    return this.#headers.has(kind, 0);
  }

  /** Begins anew with these headers. */
  begin(headers: readonly Packet[]): void {
    this.#frames.length = 0;
    this.replace(headers);
  }

  /** Puts only these headers in force; frames are kept. */
  replace(headers: readonly Packet[]): void {
    this.#headers.clear();
    this.#forget([]);
    for (const header of headers) this.header(header);
  }

  /** A header is in force from here on; it is kept. */
  header(packet: Packet): void {
    if (packet.kind === PacketKind.Data || packet.track !== 0) return;
    this.#headers.set(packet);
    this.#forget([]);
  }

  /** A frame came. True if it is kept: its codec is not known without it. */
  frame({ kind, time, payload, flags, track }: Packet): boolean {
    this.#known ??= this.#kindsKnown();
    if (this.#known.includes(kind)) return false;
    const before = this.#frames.findIndex((frame) => frame.kind === kind);
    // Only a key frame replaces the video frame before: it tells more.
    if (before >= 0 && kind === PacketKind.Video && (flags & PacketFlag.Key) === 0) return false;
    if (before >= 0) this.#frames.splice(before, 1);
    this.#frames.push(new Packet(kind, time, payload.slice(0, MAX_FRAME_BYTES), flags, track));
    this.#forget([...this.#looked, kind]);
    return true;
  }

  #kindsKnown(): PacketKind[] {
    const tracks = streamTracks(this.list).filter(({ id }) => id === 0);
    return [PacketKind.Video, PacketKind.Audio].filter((kind) => {
      const looked = this.#looked.filter((each) => each === kind).length;
      if (!this.#headers.has(kind, 0) && looked === 0) return false;
      return looked >= MAX_FRAMES || !tracks.some((track) => track.kind === kind && track.awaitsFrame);
    });
  }

  #forget(looked: PacketKind[]): void {
    this.#looked = looked;
    this.#list = undefined;
    this.#known = undefined;
  }

  /** Frames may have another encoding from here on. */
  forgetFrames(): void {
    this.#frames.length = 0;
    this.#forget([]);
  }
}
