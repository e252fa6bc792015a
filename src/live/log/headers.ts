import { ProtocolError } from "../../base/errors.ts";
import { codecNumber, headerKey } from "../../media/codec.ts";
import { dataName, METADATA_NAME } from "../../media/data.ts";
import { type Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { trackIndex } from "./times.ts";

/** Maximum number of sequence headers and configurations: one of each kind for each track that eight bits can number. */
const MAX_HEADERS = 512;
/** Maximum of their bytes together, as every reader gets them when it joins. Real ones have less than a kilobyte each. */
const MAX_HEADER_BYTES = 1024 * 1024;

const CLASS = PacketFlag.SequenceHeader | PacketFlag.Config | PacketFlag.Announcement;

/** In place of a codec's number: the track has no sequence header, or one of unknown codec. */
const NO_HEADER = 0;
const SOME_CODEC = -1;

/**
 * What a reader needs before its first frame: metadata, retained data messages, then audio and video sequence headers, each
 * track's newest.
 * `list` is replaced, never changed, so that a GOP can keep the one it began with.
 */
export class Headers {
  list: readonly Packet[] = [];
  #metadata: Packet | undefined;
  readonly #byKey = new Map<string, Packet>();
  #bytes = 0;
  /** The codec of each track's sequence header, by `trackIndex`. */
  readonly #codecs: number[] = [];

  /**
   * Replaces the metadata, sequence header or configuration of the same kind and track. Throws `ProtocolError` when the stream
   * has more of them than the limit.
   */
  set(packet: Packet): void {
    const announcement = (packet.flags & PacketFlag.Announcement) !== 0;
    if (packet.kind === PacketKind.Data && !announcement) {
      this.setMetadata(packet);
      return;
    }
    const key = announcement ? announcementKey(packet) : headerKey(packet.kind, packet.payload);
    const old = this.#byKey.get(key);
    if (old === undefined && this.#byKey.size === MAX_HEADERS) {
      throw new ProtocolError(`more than ${MAX_HEADERS} sequence headers in one stream`);
    }
    const bytes = this.#bytes + packet.payload.length - (old?.payload.length ?? 0);
    if (bytes > MAX_HEADER_BYTES) {
      throw new ProtocolError(`sequence headers of ${bytes} bytes in one stream, ${MAX_HEADER_BYTES} allowed`);
    }
    this.#bytes = bytes;
    this.#byKey.set(key, packet);
    if ((packet.flags & PacketFlag.SequenceHeader) !== 0) {
      const at = trackIndex(packet.kind, packet.track);
      while (this.#codecs.length <= at) this.#codecs.push(NO_HEADER);
      this.#codecs[at] = codecNumber(packet.kind, packet.payload) || SOME_CODEC;
    }
    // Some encoders repeat headers before every key frame; a hostile one may repeat them in every message.
    if (old !== undefined && (old.flags & CLASS) === (packet.flags & CLASS)) {
      this.list = this.list.with(this.list.indexOf(old), packet);
    } else this.#rebuild();
  }

  /** Sets the stream's newest metadata, or removes it. */
  setMetadata(packet: Packet | undefined): void {
    const old = this.#metadata;
    this.#metadata = packet;
    if (old !== undefined && packet !== undefined) this.list = this.list.with(0, packet);
    else this.#rebuild();
  }

  /** The keys of the listed packets for `retain`: `METADATA_NAME`, `d/` and the name of a data message, or `headerKey`. */
  get keys(): readonly string[] {
    return [...(this.#metadata === undefined ? [] : [METADATA_NAME]), ...this.#byKey.keys()];
  }

  /** Removes all packets whose key is not among these. */
  retain(keys: ReadonlySet<string>): void {
    if (!keys.has(METADATA_NAME)) this.#metadata = undefined;
    for (const [key, packet] of this.#byKey) if (!keys.has(key)) this.#delete(key, packet);
    this.#rebuild();
  }

  /** Whether the track has a sequence header. */
  has(kind: PacketKind, track: number): boolean {
    return (this.#codecs[trackIndex(kind, track)] ?? NO_HEADER) !== NO_HEADER;
  }

  /** Removes a track's headers if this frame of it has another codec; true if it has. */
  follow(kind: PacketKind, track: number, payload: Uint8Array): boolean {
    const known = this.#codecs[trackIndex(kind, track)] ?? NO_HEADER;
    if (known <= NO_HEADER) return false;
    const codec = codecNumber(kind, payload);
    if (codec === 0 || codec === known) return false;
    for (const [key, packet] of this.#byKey)
      if (packet.kind === kind && packet.track === track) this.#delete(key, packet);
    this.#rebuild();
    return true;
  }

  clear(): void {
    this.#metadata = undefined;
    this.#codecs.length = 0;
    this.#byKey.clear();
    this.#bytes = 0;
    this.list = [];
  }

  #delete(key: string, { kind, track, flags, payload }: Packet): void {
    this.#bytes -= payload.length;
    this.#byKey.delete(key);
    if ((flags & PacketFlag.SequenceHeader) !== 0) this.#codecs[trackIndex(kind, track)] = NO_HEADER;
  }

  #rebuild(): void {
    const all = [...this.#byKey.values()];
    const of = (kind: PacketKind, flag: number) => all.filter((p) => p.kind === kind && (p.flags & flag) !== 0);
    this.list = [
      ...(this.#metadata === undefined ? [] : [this.#metadata]),
      ...of(PacketKind.Data, PacketFlag.Announcement),
      ...of(PacketKind.Audio, PacketFlag.SequenceHeader),
      ...of(PacketKind.Audio, PacketFlag.Config),
      ...of(PacketKind.Video, PacketFlag.SequenceHeader),
      ...of(PacketKind.Video, PacketFlag.Config),
    ];
  }
}

function announcementKey({ payload, flags }: Packet): string {
  return `d/${dataName(payload, (flags & PacketFlag.Amf3) !== 0)}`;
}
