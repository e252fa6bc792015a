import { Headers } from "../../live/log/headers.ts";
import { type Packet, PacketKind } from "../../media/packet.ts";

/** What there is to know of a stream's codecs, of track 0: the sequence headers in force, and a frame of each kind that has none. */
export class CodecDescription {
  readonly #headers = new Headers();
  readonly #frames: Packet[] = [];
  #list: readonly Packet[] | undefined;

  /** Replaced, never changed. */
  get list(): readonly Packet[] {
    this.#list ??= [...this.#headers.list, ...this.#frames];
    return this.#list;
  }

  /** Whether there is a sequence header for video, so that key frames are to be expected. */
  get hasVideo(): boolean {
    return this.#headers.has(PacketKind.Video, 0);
  }

  /** Begins anew with these headers. */
  begin(headers: readonly Packet[]): void {
    this.#headers.clear();
    this.forgetFrames();
    for (const header of headers) this.header(header);
  }

  /** A header is in force from here on; it is kept. */
  header(packet: Packet): void {
    if (packet.kind === PacketKind.Data || packet.track !== 0) return;
    this.#headers.set(packet);
    this.#list = undefined;
  }

  /** A frame came. True: its codec was not known, and shows in the frame only. */
  frame(packet: Packet): boolean {
    const { kind } = packet;
    if (this.#headers.has(kind, 0) || this.#frames.some((frame) => frame.kind === kind)) return false;
    this.#frames.push(packet.copy());
    this.#list = undefined;
    return true;
  }

  /** The frames may be encoded otherwise from here on. */
  forgetFrames(): void {
    this.#frames.length = 0;
    this.#list = undefined;
  }
}
