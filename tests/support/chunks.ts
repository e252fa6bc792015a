import { ChunkReader } from "../../src/rtmp/chunk-reader.ts";
import { defaultLimits, type RtmpLimits } from "../../src/rtmp/limits.ts";
import { concat, toHex } from "./bytes.ts";
import { between, pick } from "./random.ts";

export interface Message {
  chunkStreamId: number;
  type: number;
  streamId: number;
  timestamp: number;
  payload: Uint8Array;
}

/** A message as one comparable line. */
export function line(message: Message): string {
  const { chunkStreamId, type, streamId, timestamp, payload } = message;
  return `cs ${chunkStreamId} type ${type} stream ${streamId} time ${timestamp} ${payload.length}:${toHex(payload)}`;
}

/** A reader that keeps what it delivers. */
export function collect(limits: Partial<RtmpLimits> = {}): { reader: ChunkReader; messages: Message[] } {
  const messages: Message[] = [];
  const reader = new ChunkReader(
    {
      onMessage(type, streamId, timestamp, payload, chunkStreamId) {
        messages.push({ chunkStreamId, type, streamId, timestamp, payload: payload.slice() });
      },
    },
    { ...defaultLimits, ...limits },
  );
  return { reader, messages };
}

/** Some writers repeat the extended timestamp on type-3 chunks, as the specification says; others don't. */
export type Dialect = "repeats" | "omits";

interface Sent {
  message: Message;
  delta: number;
  extended: number | undefined;
}

interface Open {
  message: Message;
  at: number;
  format: number;
}

function u24(value: number): number[] {
  return [(value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function u32(value: number): number[] {
  return [value >>> 24, ...u24(value)];
}

/** Basic header; ids up to 319 fit two forms from 64 on. */
export function basicHeader(format: number, id: number, long = false): number[] {
  if (id < 64) return [(format << 6) | id];
  if (id < 320 && !long) return [format << 6, id - 64];
  return [(format << 6) | 1, (id - 64) & 0xff, (id - 64) >> 8];
}

/** The message header of types 0 to 2 with a timestamp field, extended when it must be. */
function messageHeader(format: number, field: number, message: Message): number[] {
  const bytes = u24(Math.min(field, 0xffffff));
  if (format < 2) bytes.push(...u24(message.payload.length), message.type);
  if (format === 0) bytes.push(...u32(message.streamId).reverse());
  if (field >= 0xffffff) bytes.push(...u32(field));
  return bytes;
}

/**
 * Writes chunks the ways other programs do: every header type that the state allows, chosen at random, chunks of
 * different chunk streams interleaved at random.
 */
export class WildChunkWriter {
  readonly parts: Uint8Array[] = [];
  chunkSize = 128;
  /** How often each header type began a message. */
  readonly used = [0, 0, 0, 0];
  readonly #random: () => number;
  readonly #dialect: Dialect;
  readonly #sent = new Map<number, Sent>();

  constructor(random: () => number, dialect: Dialect) {
    this.#random = random;
    this.#dialect = dialect;
  }

  get bytes(): Uint8Array {
    return concat(this.parts);
  }

  setChunkSize(size: number): void {
    const message = { chunkStreamId: 2, type: 1, streamId: 0, timestamp: 0, payload: Uint8Array.from(u32(size)) };
    this.interleave([[message]]);
    this.chunkSize = size;
  }

  /** Each queue holds the messages of one chunk stream, in order. Returns the messages in the order they end. */
  interleave(queues: readonly (readonly Message[])[]): Message[] {
    const waiting = queues.map((queue) => [...queue]);
    const open = new Map<number, Open>();
    const ended: Message[] = [];
    for (;;) {
      const ready = waiting.filter((queue, i) => queue.length > 0 || open.has(i));
      if (ready.length === 0) return ended;
      const queue = pick(this.#random, ready);
      const index = waiting.indexOf(queue);
      const current = open.get(index) ?? this.#begin(queue.shift());
      if (this.#chunk(current)) {
        open.delete(index);
        ended.push(current.message);
      } else {
        open.set(index, current);
      }
    }
  }

  #begin(message: Message | undefined): Open {
    if (message === undefined) throw new Error("no message");
    const format = this.#chooseFormat(message);
    this.used[format] = (this.used[format] ?? 0) + 1;
    return { message, at: 0, format };
  }

  /** The least explicit type that says all is chosen one time in two, a more explicit one otherwise. */
  #chooseFormat(message: Message): number {
    const last = this.#sent.get(message.chunkStreamId);
    if (last === undefined || last.message.streamId !== message.streamId) return 0;
    const delta = (message.timestamp - last.message.timestamp) >>> 0;
    const same = last.message.type === message.type && last.message.payload.length === message.payload.length;
    const least = !same ? 1 : delta !== last.delta ? 2 : 3;
    return this.#random() < 0.5 ? least : between(this.#random, 0, least);
  }

  /** Writes the next chunk of a message; true when it was the last. */
  #chunk(open: Open): boolean {
    const { message, at } = open;
    const id = message.chunkStreamId;
    const header = at === 0 ? this.#firstHeader(open) : this.#nextHeader(message);
    const end = Math.min(at + this.chunkSize, message.payload.length);
    const basic = basicHeader(at === 0 ? open.format : 3, id, this.#random() < 0.2);
    this.parts.push(new Uint8Array(basic.concat(header)));
    this.parts.push(message.payload.subarray(at, end));
    open.at = end;
    return end === message.payload.length;
  }

  #firstHeader(open: Open): number[] {
    const { message, format } = open;
    const last = this.#sent.get(message.chunkStreamId);
    const delta = last === undefined ? 0 : (message.timestamp - last.message.timestamp) >>> 0;
    if (format === 3 && last !== undefined) {
      this.#sent.set(message.chunkStreamId, { ...last, message });
      return this.#nextHeader(message);
    }
    const field = format === 0 ? message.timestamp : delta;
    const extended = field >= 0xffffff ? field : undefined;
    const reapplied = format === 0 && extended !== undefined ? 0 : field;
    this.#sent.set(message.chunkStreamId, { message, delta: reapplied, extended });
    return messageHeader(format, field, message);
  }

  #nextHeader(message: Message): number[] {
    const extended = this.#sent.get(message.chunkStreamId)?.extended;
    return extended === undefined || this.#dialect === "omits" ? [] : u32(extended);
  }
}
