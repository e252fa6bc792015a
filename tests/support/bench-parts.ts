import type { Clock } from "../../src/base/clock.ts";
import { encrypt } from "../../src/features/hls/segment-keys.ts";
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
const SEGMENT_MS = 2000;
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

/** What of the stream a show has, and how. */
export interface PartedOptions {
  /** Its playlist is `FOLDER/show.m3u8`. */
  readonly folder?: string;
  readonly pick?: "all" | "video" | "audio";
  /** The id of the stream. */
  readonly source?: number;
  readonly kbps?: number;
  /** Segments and parts are encrypted, with another key after two segments. */
  readonly keys?: boolean;
}

/** Low-latency HLS of the bench's own stream, in memory: GOPs of 2 s, parts of 0.3 s, blocked requests, hints and deltas. */
export class PartedShow {
  readonly segments: Segment[] = [];
  /** What is wrong, if anything: tests change these. */
  held = false;
  hints = true;
  blocks = true;
  skips = 0;
  edit = (list: string, _query: URLSearchParams): string => list;
  file = (_uri: string, bytes: Uint8Array): StandInAnswer => ({ body: bytes });
  readonly #web: HttpStandIn;
  readonly #folder: string;
  readonly #pick: "all" | "video" | "audio";
  readonly #keys: boolean;
  readonly #headers: Packet[];
  readonly #waiting = new Set<Waiting>();
  #packets = new PacketBuffer(new Uint8Array(0));
  #writer: Mp4SegmentParts;
  #begin = 0;
  #init = new Uint8Array(0);
  /** The parts of the segment that is being made, in the clear. */
  #plain: Uint8Array[] = [];

  /** Answers requests for the playlist and what that lists. */
  constructor(clock: Clock, web: HttpStandIn, options: PartedOptions = {}) {
    const { folder = "/live", pick = "all", source: id = 7, kbps = 600, keys = false } = options;
    const kit = new SyntheticKit({ kbps, fps: 25, gopSeconds: 2 });
    const source = new SyntheticSource(kit, id);
    this.#folder = folder;
    this.#pick = pick;
    this.#keys = keys;
    const wall = new WallTime(clock);
    const startMs = clock.now();
    this.#web = web;
    const headers = kit.headers.map(({ kind, payload }) => packetOf(kind, 0, payload));
    this.#headers = headers.filter((packet) => packet.kind !== PacketKind.Data && this.#takes(packet));
    this.#writer = new Mp4SegmentParts(this.#headers);
    clock.every(PUMP_MS, () => {
      while (source.dueMs <= clock.now() - startMs) {
        source.next(wall.nowUs());
        this.#add(packetOf(source.kind, source.timestamp, source.payload.slice()), source.key);
      }
    });
    const { otherwise } = web;
    web.otherwise = (path) => {
      const url = new URL(path, "http://a");
      return url.pathname.startsWith(`${folder}/`) ? this.#answer(url) : otherwise(path);
    };
  }

  #takes({ kind }: Packet): boolean {
    return this.#pick === "all" || (kind === PacketKind.Video) === (this.#pick === "video");
  }

  #answer({ pathname, searchParams }: URL): StandInAnswer {
    const uri = pathname.slice(this.#folder.length + 1);
    if (uri === "show.m3u8") return this.#playlist(searchParams);
    if (uri === "init.mp4") return this.file(uri, this.#init);
    if (uri.endsWith(".key")) return this.file(uri, Uint8Array.fromHex(keyHex(Number.parseInt(uri, 10))));
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
    const text = () => new TextEncoder().encode(this.edit(this.list(skips), query));
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
      if (this.#keys) lines.push(`#EXT-X-KEY:METHOD=AES-128,URI="${number >> 1}.key"`);
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
    if (!this.#takes(packet)) return;
    const isAudio = this.#pick === "audio";
    const isNext = Math.floor(packet.time / SEGMENT_MS) > Math.floor(this.#begin / SEGMENT_MS);
    const begins = (isAudio ? isNext : key) && this.#packets.count > 0;
    const isDue = (isAudio || packet.kind === PacketKind.Video) && packet.time - this.#begin >= 0.85 * PART_MS;
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
    const { independent } = made;
    const bytes = this.#sealed(made.bytes, number);
    this.#plain.push(made.bytes);
    const uri = `${number}.${parts.length}.m4s`;
    parts.push({ uri, ms: next.time - this.#begin, independent, bytes });
    segment.whole = last;
    if (last) {
      const whole = this.#sealed(concat(this.#plain), number);
      this.#plain = [];
      this.#web.route(`${this.#folder}/${number}.m4s`, () => ({ body: whole }));
      this.#writer = new Mp4SegmentParts(this.#headers);
    }
    this.#packets = new PacketBuffer(new Uint8Array(0));
    this.release();
  }

  #sealed(bytes: Uint8Array, number: number): Uint8Array {
    return this.#keys ? encrypt(bytes, keyHex(number >> 1), number) : bytes;
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

function keyHex(number: number): string {
  return number.toString(16).padStart(32, "7");
}
