import type { Clock } from "../../src/base/clock.ts";
import { SyntheticKit, SyntheticSource } from "../../src/loadgen/synthetic-source.ts";
import { WallTime } from "../../src/loadgen/wall-time.ts";
import type { Packet } from "../../src/media/packet.ts";
import { tsSegment } from "../../src/media/ts/segment.ts";
import { concat } from "./bytes.ts";
import { flvHeader, flvTag } from "./flv.ts";
import type { LiveBody } from "./http-stand-in.ts";
import { packetOf } from "./ts-media.ts";

const PUMP_MS = 20;

/** A segment of the bench's stream: a GOP. */
export interface ShowSegment {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** The bench's own stream, 600 kbit/s with a key frame every 2 s, made in real time for HTTP stand-ins. */
export class BenchShow {
  readonly segments: ShowSegment[] = [];
  readonly #flv: LiveBody[] = [];
  readonly #ts: LiveBody[] = [];
  readonly #headers: Packet[];
  #gop: Packet[] = [];

  constructor(clock: Clock) {
    const kit = new SyntheticKit({ kbps: 600, fps: 25, gopSeconds: 2 });
    const source = new SyntheticSource(kit, 7);
    const wall = new WallTime(clock);
    const startMs = clock.now();
    this.#headers = kit.headers.map(({ kind, payload }) => packetOf(kind, 0, payload));
    clock.every(PUMP_MS, () => {
      while (source.dueMs <= clock.now() - startMs) {
        source.next(wall.nowUs());
        this.#add(packetOf(source.kind, source.timestamp, source.payload.slice()), source.key);
      }
    });
  }

  /** An answer's body in FLV, from the newest key frame on. */
  readonly flv = (body: LiveBody): void => {
    body.write(concat([flvHeader, ...[...this.#headers, ...this.#gop].map(tagOf)]));
    this.#flv.push(body);
  };

  /** An answer's body in MPEG-TS, a GOP at a time. */
  readonly ts = (body: LiveBody): void => {
    this.#ts.push(body);
  };

  #add(packet: Packet, key: boolean): void {
    if (key && this.#gop.length > 0) {
      const bytes = tsSegment(this.#headers.slice(1), this.#gop, 0);
      this.segments.push({ number: this.segments.length, bytes });
      for (const body of this.#ts) body.write(bytes);
      this.#gop = [];
    }
    this.#gop.push(packet);
    for (const body of this.#flv) body.write(tagOf(packet));
  }
}

function tagOf({ kind, time, payload }: Packet): Uint8Array {
  return flvTag({ kind, timestamp: time, payload });
}
