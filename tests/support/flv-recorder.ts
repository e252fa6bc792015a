import type { PacketSink, ReaderEvents } from "../../src/live/readers/format.ts";
import type { PacketRange } from "../../src/live/readers/packet-reader.ts";
import type { Reader } from "../../src/live/readers/reader.ts";
import type { Stream } from "../../src/live/stream.ts";
import { flvTags } from "../../src/media/flv.ts";
import type { Packet } from "../../src/media/packet.ts";
import { concat } from "./bytes.ts";
import { FakeSink } from "./fake-sink.ts";
import { flvHeader, flvTag } from "./flv.ts";
import { nameOf } from "./live.ts";

/** Records a stream into one FLV file on a disk that may be slow. */
export class FlvRecorder implements PacketSink, ReaderEvents {
  readonly disk: FakeSink;
  readonly reader: Reader<PacketRange>;
  readonly ranges: PacketRange[] = [];
  /** Sequence numbers [from, to) that are not in the file, though the stream has had them since it began. */
  readonly gaps: [number, number][] = [];
  /** `published` and `unpublished`, each with the tags that were on the disk. */
  readonly told: string[] = [];
  /** Called by each `send`, before it does anything. */
  onSend: ((range: PacketRange) => void) | undefined;
  readonly #file: Uint8Array[] = [];
  /** The packet that the file goes on with, and the time at which it begins; -1 before that. */
  #next = -1;
  #beganAt = -1;

  constructor(stream: Stream, room = Number.POSITIVE_INFINITY) {
    this.disk = new FakeSink(room);
    this.disk.take = (bytes) => this.#file.push(bytes.slice());
    this.disk.send(flvHeader);
    this.disk.onDrain = () => this.reader.drained();
    this.reader = stream.tap(this, this);
  }

  get bytesQueued(): number {
    return this.disk.queued;
  }

  send(range: PacketRange): boolean {
    this.onSend?.(range);
    this.ranges.push(range);
    const tags: Uint8Array[] = [];
    const { start } = range;
    if (start !== undefined) {
      if (this.#next < 0) this.#beganAt = start.time;
      else if (range.from > this.#next) this.gaps.push([this.#next, range.from]);
      for (const header of start.headers) tags.push(this.#tag(header, start.time));
    }
    range.forEach((packet) => {
      tags.push(this.#tag(packet, packet.time));
    });
    this.#next = range.to;
    return this.disk.send(concat(tags));
  }

  published(): void {
    this.told.push(`published ${this.names.length}`);
  }

  unpublished(): void {
    this.told.push(`unpublished ${this.names.length}`);
  }

  /** The names of the packets on the disk, in their order. */
  get names(): string[] {
    return this.#tags().map(({ kind, payload }) => nameOf(kind, payload));
  }

  /** Their timestamps. */
  get times(): number[] {
    return this.#tags().map(({ timestamp }) => timestamp);
  }

  #tags() {
    return [...flvTags(concat(this.#file))];
  }

  #tag({ kind, payload }: Packet, time: number): Uint8Array {
    return flvTag({ kind, timestamp: (time - this.#beganAt) >>> 0, payload });
  }
}
