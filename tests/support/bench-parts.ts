import type { Clock } from "../../src/base/clock.ts";
import { SyntheticKit, SyntheticSource } from "../../src/loadgen/synthetic-source.ts";
import { WallTime } from "../../src/loadgen/wall-time.ts";
import { Mp4SegmentParts } from "../../src/media/mp4/segment-parts.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { PacketBuffer } from "../../src/media/packet-buffer.ts";
import { concat } from "./bytes.ts";
import type { HttpStandIn, LiveBody, StandInAnswer } from "./http-stand-in.ts";
import { packetOf } from "./ts-media.ts";

const PUMP_MS = 20;
const PART_MS = 300;
const WINDOW = 6;

interface Part {
  readonly uri: string;
  readonly ms: number;
  readonly independent: boolean;
  readonly bytes: Uint8Array;
}

interface Segment {
  readonly number: number;
  readonly parts: Part[];
  whole: boolean;
}

/** What a request waits for, and what it is told then. */
interface Waiting {
  isThere(): boolean;
  tell(): void;
}

/** Low-latency HLS of the bench's own stream, in memory: GOPs of 2 s, parts of 0.3 s, blocked requests, hints and deltas. */
export class PartedShow {
  readonly segments: Segment[] = [];
  /** What is wrong, if anything: tests change these. */
  held = false;
  hints = true;
  blocks = true;
  skips = 0;
  edit = (list: string): string => list;
  file = (_uri: string, bytes: Uint8Array): StandInAnswer => ({ body: bytes });
  readonly #web: HttpStandIn;
  readonly #headers: Packet[];
  readonly #waiting = new Set<Waiting>();
  #packets = new PacketBuffer(new Uint8Array(0));
  #writer: Mp4SegmentParts;
  #begin = 0;
  #init = new Uint8Array(0);

  /** Answers requests for `/live/show.m3u8` and what that lists. */
  constructor(clock: Clock, web: HttpStandIn) {
    const kit = new SyntheticKit({ kbps: 600, fps: 25, gopSeconds: 2 });
    const source = new SyntheticSource(kit, 7);
    const wall = new WallTime(clock);
    const startMs = clock.now();
    this.#web = web;
    this.#headers = kit.headers.map(({ kind, payload }) => packetOf(kind, 0, payload)).slice(1);
    this.#writer = new Mp4SegmentParts(this.#headers);
    clock.every(PUMP_MS, () => {
      while (source.dueMs <= clock.now() - startMs) {
        source.next(wall.nowUs());
        this.#add(packetOf(source.kind, source.timestamp, source.payload.slice()), source.key);
      }
    });
    web.otherwise = (path) => this.#answer(new URL(path, "http://a"));
  }

  #answer({ pathname, searchParams }: URL): StandInAnswer {
    if (pathname === "/live/show.m3u8") return this.#playlist(searchParams);
    if (pathname === "/live/init.mp4") return this.file("init.mp4", this.#init);
    const uri = pathname.slice("/live/".length);
    const find = () => this.segments.flatMap(({ parts }) => parts).find((part) => part.uri === uri);
    const part = find();
    if (part !== undefined) return this.file(uri, part.bytes);
    return this.hints
      ? this.#wait(
          () => find() !== undefined,
          () => find()?.bytes,
        )
      : { status: 404, body: "no such part" };
  }

  #playlist(query: URLSearchParams): StandInAnswer {
    const [msn, index] = [query.get("_HLS_msn"), Number(query.get("_HLS_part"))];
    const skips = query.get("_HLS_skip") === "YES" ? this.skips : 0;
    const text = () => new TextEncoder().encode(this.edit(this.list(skips)));
    const isThere = () => {
      const segment = this.segments[Number(msn)];
      return segment !== undefined && (segment.whole || segment.parts.length > index);
    };
    if (msn === null || !this.blocks || isThere()) return { body: text() };
    return this.#wait(isThere, text);
  }

  #wait(isThere: () => boolean, bytes: () => Uint8Array | undefined): StandInAnswer {
    const live = (body: LiveBody) => {
      const tell = () => {
        body.write(bytes() ?? new Uint8Array(0));
        body.end();
      };
      this.#waiting.add({ isThere, tell });
    };
    return { live };
  }

  /** The playlist as it is now. */
  list(skipped: number): string {
    const listed = this.segments.slice(-WINDOW);
    const first = listed[0]?.number ?? 0;
    const lines = [
      "#EXTM3U",
      "#EXT-X-TARGETDURATION:2",
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.9${this.skips > 0 ? ",CAN-SKIP-UNTIL=12" : ""}`,
      "#EXT-X-PART-INF:PART-TARGET=0.3",
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
      ...(skipped > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
      '#EXT-X-MAP:URI="init.mp4"',
    ];
    for (const { number, parts, whole } of listed.slice(skipped)) {
      for (const { uri, ms, independent } of parts)
        lines.push(`#EXT-X-PART:DURATION=${ms / 1000},URI="${uri}"${independent ? ",INDEPENDENT=YES" : ""}`);
      const all = parts.reduce((sum, { ms }) => sum + ms, 0);
      if (whole) lines.push(`#EXTINF:${all / 1000},`, `${number}.m4s`);
    }
    const last = this.segments.at(-1);
    const [number, index] = last?.whole === false ? [last.number, last.parts.length] : [(last?.number ?? -1) + 1, 0];
    return `${lines.join("\n")}\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${number}.${index}.m4s"\n`;
  }

  #add(packet: Packet, key: boolean): void {
    const begins = key && this.#packets.count > 0;
    const isDue = packet.kind === PacketKind.Video && packet.time - this.#begin >= 0.85 * PART_MS;
    if (begins || (isDue && this.#packets.count > 0)) this.#close(packet, begins);
    if (this.#packets.count === 0) this.#begin = packet.time;
    this.#packets.add(packet, packet.time);
  }

  #close(next: Packet, last: boolean): void {
    let segment = this.segments.at(-1);
    if (segment === undefined || segment.whole) {
      segment = { number: this.segments.length, parts: [], whole: false };
      this.segments.push(segment);
    }
    const { number, parts } = segment;
    const made = this.#writer.write(this.#packets, number * 100 + parts.length, last, next);
    if (made === undefined) throw new Error("an empty part");
    this.#init = new Uint8Array(this.#writer.init ?? []);
    const { bytes, independent } = made;
    const uri = `${number}.${parts.length}.m4s`;
    parts.push({ uri, ms: next.time - this.#begin, independent, bytes });
    segment.whole = last;
    if (last) {
      const whole = concat(parts.map((part) => part.bytes));
      this.#web.route(`/live/${number}.m4s`, () => ({ body: whole }));
      this.#writer = new Mp4SegmentParts(this.#headers);
    }
    this.#packets = new PacketBuffer(new Uint8Array(0));
    this.release();
  }

  /** Answers the requests whose time has come. */
  release(): void {
    if (this.held) return;
    for (const waiting of this.#waiting) {
      if (!waiting.isThere()) continue;
      this.#waiting.delete(waiting);
      waiting.tell();
    }
  }
}
