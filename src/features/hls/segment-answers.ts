import type { HttpExchange } from "../../live/ports/http.ts";
import { initFile, type PartAddress, partAddress, segmentFile } from "./address.ts";
import type { BlockedOwner } from "./blocked-requests.ts";
import type { HlsStreams } from "./hls-streams.ts";
import { block } from "./list-answers.ts";
import { noSegment } from "./refusals.ts";
import type { SegmentMemory } from "./segment-memory.ts";

const TS_TYPE = "video/mp2t";
const MP4_TYPE = "video/mp4";
/** A segment never changes; caches need it no longer than players do. */
const SEGMENT_CACHE = "public, max-age=3600, immutable";

/** A segment, or a part of one. */
interface InMemory {
  readonly bytes: Uint8Array | undefined;
  readonly memory: SegmentMemory | undefined;
}

/** Answers requests for segments, their parts and init segments. */
export class SegmentAnswers {
  readonly #streams: HlsStreams;

  constructor(streams: HlsStreams) {
    this.#streams = streams;
  }

  /** False: the path is not one of these. */
  handle(path: string, exchange: HttpExchange): boolean {
    const file = segmentFile(path);
    if (file !== undefined) return sendBytes(file, this.#streams.segment(file), exchange);
    const part = partAddress(path);
    if (part !== undefined) return this.#sendPart(part, exchange);
    const init = initFile(path);
    return init !== undefined && this.#sendInit(init, exchange);
  }

  /** A request for a part that is yet to come waits for it: playlists name the next part in advance (RFC 8216bis, 6.2.6). */
  #sendPart({ file, position }: PartAddress, exchange: HttpExchange): boolean {
    const part = this.#streams.part(file);
    const hls = part === undefined ? this.#streams.awaiting(file) : undefined;
    const { edge, ended = true } = hls ?? {};
    // The stream need not be published here: the other process of an upgrade may have its publisher.
    const isToCome = !ended && edge?.has(position) === false && !edge.isTooFar(position);
    if (hls === undefined || !isToCome) return sendBytes(file, part, exchange);
    block(exchange, hls, position, new PartAnswer(this.#streams, exchange, file));
    return true;
  }

  #sendInit(file: string, exchange: HttpExchange): boolean {
    const body = this.#streams.init(file);
    const headers = { "cache-control": SEGMENT_CACHE };
    if (body === undefined) exchange.refuse(noSegment);
    else exchange.respond({ status: 200, type: MP4_TYPE, headers, etag: etagOf(file), body });
    return true;
  }
}

function etagOf(file: string): string {
  return `"${file.slice(0, file.lastIndexOf("."))}"`;
}

/** The answer to a request for a part that is yet to come. */
class PartAnswer implements BlockedOwner {
  readonly #streams: HlsStreams;
  readonly #exchange: HttpExchange;
  readonly #file: string;

  constructor(streams: HlsStreams, exchange: HttpExchange, file: string) {
    this.#streams = streams;
    this.#exchange = exchange;
    this.#file = file;
  }

  unblocked(): void {
    sendBytes(this.#file, this.#streams.part(this.#file), this.#exchange);
  }
}

function sendBytes(file: string, { bytes, memory }: Partial<InMemory> = {}, exchange: HttpExchange): boolean {
  if (bytes === undefined || memory === undefined) {
    exchange.refuse(noSegment);
    return true;
  }
  memory.hold();
  exchange.respond({
    status: 200,
    type: file.endsWith(".ts") ? TS_TYPE : MP4_TYPE,
    headers: { "cache-control": SEGMENT_CACHE },
    etag: etagOf(file),
    body: bytes,
    done: () => memory.release(),
  });
  return true;
}
