import type { PacketLog } from "../../../src/live/log/log.ts";
import type { StartPoint } from "../../../src/live/log/start-point.ts";
import type { WireFormat } from "../../../src/live/readers/format.ts";
import { messageSize, writeMessage } from "../../../src/rtmp/chunk-writer.ts";
import { RtmpFormat, type RtmpFormatOptions } from "../../../src/rtmp/format.ts";
import { concat } from "../bytes.ts";

/** Message types that nobody uses: what follows are the packets in [from, to), with audio and video or without, or the headers before a start. */
export const Mark = { Packets: 250, Headers: 251 } as const;

/** The real format, with a mark before each piece of it, so that a reader knows which packets it was given. */
export class TracingFormat implements WireFormat {
  readonly options: RtmpFormatOptions;
  readonly audio: boolean;
  readonly video: boolean;
  readonly #format: RtmpFormat;
  #withoutVideo: TracingFormat | undefined;

  constructor(options: RtmpFormatOptions) {
    this.options = options;
    this.audio = options.audio;
    this.video = options.video;
    this.#format = new RtmpFormat(options);
  }

  get withoutVideo(): TracingFormat {
    if (!this.video) return this;
    this.#withoutVideo ??= new TracingFormat({ ...this.options, video: false });
    return this.#withoutVideo;
  }

  encode(log: PacketLog, from: number, to: number): Uint8Array {
    const bytes = this.#format.encode(log, from, to);
    return bytes.length === 0
      ? bytes
      : concat([this.#mark(Mark.Packets, [from, to, Number(this.audio), Number(this.video)]), bytes]);
  }

  prefix(headers: StartPoint["headers"], time: number): Uint8Array {
    return concat([
      this.#mark(Mark.Headers, [Number(this.audio), Number(this.video)]),
      this.#format.prefix(headers, time),
    ]);
  }

  #mark(type: number, values: readonly number[]): Uint8Array {
    const { chunkSize } = this.options;
    const payload = new TextEncoder().encode(JSON.stringify(values));
    const out = new Uint8Array(messageSize(payload.length, 0, chunkSize));
    writeMessage(out, 0, 2, 0, type, 0, payload, chunkSize);
    return out;
  }
}
