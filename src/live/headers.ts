import { headerSlot } from "../media/codec.ts";
import { type Packet, PacketFlag, PacketKind } from "../media/packet.ts";

/**
 * What a reader needs before its first frame: metadata, then audio and video sequence headers, each track's newest.
 * `list` is replaced, never changed, so that a GOP can keep the one it began with.
 */
export class Headers {
  list: readonly Packet[] = [];
  #metadata: Packet | undefined;
  readonly #slots = new Map<string, Packet>();

  /** Takes a sequence header or configuration packet in place of the one it replaces. */
  set(packet: Packet): void {
    this.#slots.set(headerSlot(packet.kind, packet.payload), packet);
    this.#rebuild();
  }

  /** Takes the stream's newest metadata, or none. */
  setMetadata(packet: Packet | undefined): void {
    this.#metadata = packet;
    this.#rebuild();
  }

  clear(): void {
    this.#metadata = undefined;
    this.#slots.clear();
    this.list = [];
  }

  #rebuild(): void {
    const all = [...this.#slots.values()];
    const of = (kind: PacketKind, flag: number) => all.filter((p) => p.kind === kind && (p.flags & flag) !== 0);
    this.list = [
      ...(this.#metadata === undefined ? [] : [this.#metadata]),
      ...of(PacketKind.Audio, PacketFlag.SequenceHeader),
      ...of(PacketKind.Audio, PacketFlag.Config),
      ...of(PacketKind.Video, PacketFlag.SequenceHeader),
      ...of(PacketKind.Video, PacketFlag.Config),
    ];
  }
}
