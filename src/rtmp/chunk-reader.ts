// Hot: every byte that arrives passes here. No closures, spreads, iterators or strings; a new view only for long pieces.
import { ProtocolError } from "../base/errors.ts";
import { freeRead } from "../base/memory.ts";
import { agreement, EXTENDED, MAX_HEADER_BYTES, messageHeaderBytes, u8, u24, u32, u32le } from "./chunk-header.ts";
import { type ChunkStream, ChunkStreams } from "./chunk-stream.ts";
import type { RtmpLimits } from "./limits.ts";

/** The receiver of a `ChunkReader`'s messages. An exception ends the reader and is passed on by `push`. */
export interface MessageHandler {
  /**
   * One whole message. `timestamp` is u32 milliseconds; `payload` belongs to the receiver, but for audio and video, where it is
   * lent for the call. Must not call `push`; may call `stop`.
   */
  onMessage(type: number, streamId: number, timestamp: number, payload: Uint8Array, chunkStreamId: number): void;
}

/** Chunk size before a Set Chunk Size message (RTMP 1.0, 5.4.1). */
const INITIAL_CHUNK_SIZE = 128;
/** Up to this length a body is allocated whole with its first byte; a longer one grows with the bytes received. */
const EAGER_BYTES = 1024;
/** A long body's array is at most this many times the bytes received, so that growing copies a third of the body at most. */
const GROWTH = 4;
/** Up to this length a loop copies faster than `set` with a new view. */
const LOOP_BYTES = 64;
/** Chunk stream ids up to this take one byte. */
const MAX_SHORT_ID = 63;
const EMPTY = new Uint8Array(0);

const SET_CHUNK_SIZE = 1;
const ABORT = 2;
const AUDIO = 8;
const VIDEO = 9;

/**
 * Turns a peer's bytes, in any fragmentation, into messages (RTMP 1.0, 5.3). Handles Set Chunk Size and Abort itself.
 * Takes pushed buffers over, and frees those that are no views of larger ones. A peer's breach is a `ProtocolError`, after which
 * the reader reads nothing more.
 */
export class ChunkReader {
  readonly #handler: MessageHandler;
  readonly #limits: RtmpLimits;
  readonly #streams: ChunkStreams;
  /** The first bytes of a header that the last push ended in. */
  readonly #scratch = new Uint8Array(MAX_HEADER_BYTES);
  #carried = 0;
  #chunkSize = INITIAL_CHUNK_SIZE;
  /** The stream whose chunk is being read; undefined when a header is next. */
  #current: ChunkStream | undefined = undefined;
  #chunkLeft = 0;
  /** Bytes allocated for unfinished messages, and their limit. */
  #allocated = 0;
  maxIncompleteBytes: number;
  #received = 0;
  #stopped = false;
  /** The peer does not repeat the extended timestamp on type-3 chunks. */
  #omitsExtended = false;

  constructor(handler: MessageHandler, limits: RtmpLimits) {
    this.#handler = handler;
    this.#limits = limits;
    this.maxIncompleteBytes = limits.maxIncompleteBytes;
    this.#streams = new ChunkStreams(limits.maxChunkStreams);
  }

  /** Memory of unfinished messages, in bytes: allocated, not received. */
  get bufferedBytes(): number {
    return this.#allocated + this.#carried;
  }

  /** All bytes pushed so far. An acknowledgement carries the low 32 bits. */
  get bytesReceived(): number {
    return this.#received;
  }

  /** Parses nothing more and drops unfinished messages; may be called from inside `onMessage`. */
  stop(): void {
    this.#stopped = true;
    this.#current = undefined;
    this.#carried = 0;
    this.#allocated = 0;
    this.#streams.clear();
  }

  push(bytes: Uint8Array): void {
    this.#received += bytes.length;
    if (this.#stopped) return;
    // A subclass (Buffer) may slice without copying; one plain view for each push keeps the code after it monomorphic.
    const plain = bytes.constructor === Uint8Array;
    try {
      this.#read(plain ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
      freeRead(bytes);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  #read(input: Uint8Array): void {
    const end = input.length;
    let at = this.#carried > 0 ? this.#resume(input) : 0;
    while (at < end && !this.#stopped) {
      if (this.#current === undefined) {
        const size = this.#readHeader(input, at, end);
        if (size === 0) {
          this.#carry(input, at, end);
          return;
        }
        at += size;
      } else {
        at = this.#readPayload(this.#current, input, at, end);
      }
    }
  }

  #carry(input: Uint8Array, at: number, end: number): void {
    for (let i = at; i < end; i++) this.#scratch[i - at] = u8(input, i);
    this.#carried = end - at;
  }

  /** Continues a header that an earlier push began. Returns the offset in `input` to continue at. */
  #resume(input: Uint8Array): number {
    const scratch = this.#scratch;
    while (this.#carried > 0) {
      const held = this.#carried;
      const taken = Math.min(MAX_HEADER_BYTES - held, input.length);
      for (let i = 0; i < taken; i++) scratch[held + i] = u8(input, i);
      const size = this.#readHeader(scratch, 0, held + taken);
      if (size === 0) {
        // The header is still incomplete: all of `input` was taken.
        this.#carried = held + taken;
        return taken;
      }
      if (size >= held || this.#stopped) {
        this.#carried = 0;
        return size - held;
      }
      // Stored bytes that could have been an extended timestamp turned out to be payload (and the bytes after it).
      const at = this.#current === undefined ? size : this.#readPayload(this.#current, scratch, size, held);
      scratch.copyWithin(0, at, held);
      this.#carried = this.#stopped ? 0 : held - at;
    }
    return 0;
  }

  /**
   * Reads one chunk header and prepares for its payload; delivers an empty message at once. Returns the header's length,
   * or 0, with nothing changed, when `bytes` ends inside it.
   */
  #readHeader(bytes: Uint8Array, start: number, end: number): number {
    const first = u8(bytes, start);
    let at = start + 1;
    let id = first & 63;
    if (id < 2) {
      const more = id + 1;
      if (at + more > end) return 0;
      id = 64 + u8(bytes, at) + (more === 2 ? u8(bytes, at + 1) << 8 : 0);
      at += more;
    }
    const format = first >> 6;
    const known = this.#streams.find(id);
    if (format === 3) return this.#readTypeThree(known, id, bytes, start, at, end);

    let field = at + 3 <= end ? u24(bytes, at) : 0;
    const extended = field === EXTENDED;
    const headerEnd = at + messageHeaderBytes(format);
    const last = extended ? headerEnd + 4 : headerEnd;
    if (last > end) return 0;
    if (extended) field = u32(bytes, headerEnd);

    const stream = known ?? this.#open(id, format);
    if (format < 2) this.#setMessage(stream, format, u24(bytes, at + 3), u8(bytes, at + 6));
    if (format === 0) stream.streamId = u32le(bytes, at + 7);
    stream.extended = extended;
    stream.extendedValue = field;
    // In an unfinished message a type-1 or type-2 header takes the place of a type 3, and its time means nothing
    // (nginx-rtmp and FFmpeg ignore it too).
    if (stream.received === 0) {
      stream.timestamp = format === 0 ? field : (stream.timestamp + field) >>> 0;
      // 5.3.1.2.4: a type 3 after a type 0 adds that one's timestamp. FFmpeg and FMLE write so, SRS and librtmp read so.
      // An extended timestamp is never meant so: it would double a time of 4.6 hours or more.
      stream.delta = format === 0 && extended ? 0 : field;
    }
    this.#beginChunk(stream);
    return last - start;
  }

  /**
   * A type-3 chunk continues a message, or begins one like the last. By the specification it repeats an extended timestamp;
   * old librtmp and FFmpeg, and some cameras, omit it. So the next bytes count as an extended timestamp only when they equal
   * the expected value, and as payload as soon as one differs.
   */
  #readTypeThree(
    stream: ChunkStream | undefined,
    id: number,
    bytes: Uint8Array,
    start: number,
    headerEnd: number,
    end: number,
  ): number {
    if (stream === undefined) throw new ProtocolError(`chunk stream ${id} starts with a type-3 header`);
    let at = headerEnd;
    if (stream.extended && !this.#omitsExtended) {
      let same = agreement(bytes, at, end, stream.extendedValue);
      // Some peers repeat the message's time where the header gave a delta.
      if (same !== 4 && stream.received > 0) same = Math.max(same, agreement(bytes, at, end, stream.timestamp));
      if (same === 4) at += 4;
      else if (same !== -1) return 0;
      else this.#omitsExtended = stream.received > 0;
    }
    if (stream.received === 0) stream.timestamp = (stream.timestamp + stream.delta) >>> 0;
    this.#beginChunk(stream);
    return at - start;
  }

  /** librtmp's first message on chunk stream 2 is a ping with a type-1 header (0x42): its time is counted from 0. */
  #open(id: number, format: number): ChunkStream {
    if (format > 1) throw new ProtocolError(`chunk stream ${id} starts with a type-${format} header`);
    return this.#streams.add(id);
  }

  /** Length and type from a type-0 or type-1 header. */
  #setMessage(stream: ChunkStream, format: number, length: number, type: number): void {
    if (stream.received > 0 && (format === 0 || length !== stream.length || type !== stream.type)) {
      throw new ProtocolError(
        `a type-${format} header (message type ${type}, ${length} bytes) on chunk stream ${stream.id} inside an ` +
          `unfinished message (type ${stream.type}, ${stream.received} of ${stream.length} bytes)`,
      );
    }
    if (length > this.#limits.maxMessageBytes) {
      throw new ProtocolError(
        `message of type ${type} with ${length} bytes is longer than the limit of ${this.#limits.maxMessageBytes}`,
      );
    }
    stream.length = length;
    stream.type = type;
  }

  #beginChunk(stream: ChunkStream): void {
    if (stream.length === 0) {
      this.#deliver(stream, EMPTY);
      return;
    }
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.length - stream.received);
  }

  /** Takes the available bytes of the current chunk; returns their end. */
  #readPayload(stream: ChunkStream, input: Uint8Array, at: number, end: number): number {
    const count = Math.min(this.#chunkLeft, end - at);
    const next = at + count;
    this.#chunkLeft -= count;
    if (this.#chunkLeft === 0) this.#current = undefined;
    if (count === stream.length) {
      const lent = stream.type === AUDIO || stream.type === VIDEO;
      this.#deliver(stream, lent ? input.subarray(at, next) : input.slice(at, next));
      return next;
    }
    if (stream.received === 0 && stream.length > this.#chunkSize) {
      const whole = this.#readChunks(stream, input, at, end);
      if (whole > 0) return whole;
    }
    const body = this.#reserve(stream, stream.received + count);
    if (count <= LOOP_BYTES) for (let i = 0; i < count; i++) body[stream.received + i] = u8(input, at + i);
    else body.set(input.subarray(at, next), stream.received);
    stream.received += count;
    if (stream.received === stream.length) {
      this.#allocated -= body.length;
      stream.received = 0;
      stream.body = undefined;
      this.#deliver(stream, body);
    }
    return next;
  }

  /**
   * Takes a message whose chunks are all here, one after another, by one copy that is then compacted: a view for each chunk
   * costs three times as much. Returns the end of the last chunk; 0, with nothing changed, for other messages.
   */
  #readChunks(stream: ChunkStream, input: Uint8Array, at: number, end: number): number {
    const { length } = stream;
    const size = this.#chunkSize;
    const headers = Math.ceil(length / size) - 1;
    if (at + length + headers > end || stream.extended || stream.id > MAX_SHORT_ID) return 0;
    const header = 0xc0 | stream.id;
    for (let i = 1; i <= headers; i++) if (u8(input, at + i * (size + 1) - 1) !== header) return 0;
    const body = input.slice(at, at + length);
    for (let i = 1; i <= headers; i++) {
      const from = i * (size + 1);
      const to = Math.min(from + size, length + headers);
      body.copyWithin(i * size, from, to);
      // The chunk headers took as many bytes of the copy as are missing at its end.
      for (let rest = Math.max(from, length); rest < to; rest++) body[rest - i] = u8(input, at + rest);
    }
    this.#deliver(stream, body);
    return at + length + headers;
  }

  /** The stream's body, with room for its first `needed` bytes. It has its full length at the latest when all bytes are here. */
  #reserve(stream: ChunkStream, needed: number): Uint8Array {
    const old = stream.body;
    const held = old === undefined ? 0 : old.length;
    if (old !== undefined && held >= needed) return old;
    const size = Math.min(stream.length, Math.max(EAGER_BYTES, needed * GROWTH));
    const allocated = this.#allocated + size - held;
    if (allocated > this.maxIncompleteBytes) {
      throw new ProtocolError(
        `unfinished messages would take ${allocated} bytes, more than the limit of ${this.maxIncompleteBytes}`,
      );
    }
    const body = new Uint8Array(size);
    if (old !== undefined) body.set(old);
    stream.body = body;
    this.#allocated = allocated;
    return body;
  }

  #deliver(stream: ChunkStream, payload: Uint8Array): void {
    if (stream.type === SET_CHUNK_SIZE) this.#setChunkSize(payload);
    else if (stream.type === ABORT) this.#abort(payload);
    else this.#handler.onMessage(stream.type, stream.streamId, stream.timestamp, payload, stream.id);
  }

  /** 5.4.1: the top bit is zero; some encoders set it, and mean the other bits. */
  #setChunkSize(payload: Uint8Array): void {
    if (payload.length < 4) throw new ProtocolError(`Set Chunk Size has ${payload.length} bytes instead of 4`);
    const size = u32(payload, 0) & 0x7fffffff;
    if (size < 1 || size > this.#limits.maxChunkSize) {
      throw new ProtocolError(`chunk size ${size} is not between 1 and ${this.#limits.maxChunkSize}`);
    }
    this.#chunkSize = size;
  }

  /** 5.4.2: the unfinished message of a chunk stream will not be completed. */
  #abort(payload: Uint8Array): void {
    if (payload.length < 4) throw new ProtocolError(`Abort has ${payload.length} bytes instead of 4`);
    const stream = this.#streams.find(u32(payload, 0));
    if (stream?.body === undefined) return;
    this.#allocated -= stream.body.length;
    stream.body = undefined;
    stream.received = 0;
  }
}
