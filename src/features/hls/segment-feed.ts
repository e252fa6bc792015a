// Hot: send runs for each flush of each stream that is cut.
import type { PacketSink } from "../../live/readers/format.ts";
import type { PacketRange } from "../../live/readers/packet-reader.ts";
import type { Stream } from "../../live/stream.ts";
import type { Packet } from "../../media/packet.ts";
import type { AudioTracks } from "./audio-tracks.ts";
import type { Segmenter } from "./segmenter.ts";
import { hasSpanBefore } from "./span-before.ts";

/** Gives a segmenter the packets of a stream, each with its epoch, and says where packets are missing and where another encoder begins. */
export class SegmentFeed implements PacketSink {
  readonly #segmenter: Segmenter;
  /** Undefined where one rendition is cut. */
  readonly #tracks: AudioTracks | undefined;
  readonly #stream: Stream;
  /** Sequence number of the packet that comes next; -1 before the first. */
  #next = -1;

  constructor(segmenter: Segmenter, tracks: AudioTracks | undefined, stream: Stream) {
    this.#segmenter = segmenter;
    this.#tracks = tracks;
    this.#stream = stream;
  }

  send(range: PacketRange): boolean {
    const { start, from, to } = range;
    const { epochs, log, tracks } = this.#stream;
    if (start !== undefined && from !== this.#next) {
      // Readers skip packets that no player could show, such as a new source's audio before its first picture; segments have them.
      const isHeld = this.#next >= log.start && this.#next < from;
      if (isHeld) for (let seq = this.#next; seq < from; seq++) this.#take(log.at(seq), seq);
      else {
        for (const header of start.headers) this.#tracks?.take(header);
        this.#segmenter.begin(start.headers, hasSpanBefore(this.#stream, from));
      }
    } else if (!range.complete) this.#segmenter.lost();
    this.#next = to;
    const first = epochs.at(from);
    const isOutside = ({ seq }: { readonly seq: number }) => seq < from || seq >= to;
    const same = first === epochs.at(to - 1) && epochs.losses.every(isOutside) && tracks.starts.every(isOutside);
    range.forEach((packet, seq) => {
      this.#tracks?.take(packet);
      if (same) this.#segmenter.take(packet, first);
      else this.#take(packet, seq);
    });
    return true;
  }

  #take(packet: Packet, seq: number): void {
    const { epochs, tracks } = this.#stream;
    if (epochs.losses.some((loss) => loss.seq === seq)) this.#segmenter.lost();
    const encoder = tracks.starts.find((start) => start.seq === seq);
    if (encoder !== undefined) this.#segmenter.encoderChanged(encoder.headers);
    this.#segmenter.take(packet, epochs.at(seq));
  }
}
