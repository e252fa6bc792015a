import { ProtocolError } from "../base/errors.ts";
import { classify } from "../media/classify.ts";
import { PacketFlag } from "../media/packet.ts";
import { MessageType } from "./messages.ts";

/** Memory of a message besides its payload, bytes; it also limits how many messages with tiny payloads can wait. */
const MESSAGE_COST = 512;
/** Waiting messages are processed in turns of this many messages, or bytes, so that they don't delay other connections. */
const SLICE_MESSAGES = 32;
const SLICE_BYTES = 64 * 1024;
/** The share of a connection's room for messages that are never dropped. */
const KEPT_SHARE = 1 / 4;

/** A waiting message. It owns its payload. */
export interface HeldMessage {
  readonly type: number;
  readonly streamId: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** A request that other messages depend on: messages that came after it wait for its answer. */
export interface Request {
  /** Whether messages after it wait: for the answer, or behind earlier waiting messages. */
  waits: boolean;
  /** Whether the request is answered. Nothing waits for a refused one. */
  answered: boolean;
}

/** The messages that wait for one answer, oldest first. */
class Queue {
  /** Removed messages are undefined. */
  messages: (HeldMessage | undefined)[] = [];
  taken = 0;
  bytes = 0;
  /** Bytes of the messages that may be dropped. */
  frameBytes = 0;
}

/** What a backlog needs of its session. */
export interface BacklogOwner {
  /** Processes a message that has waited. */
  deliver(message: HeldMessage): void;
  /** Calls `work` in a later turn of the event loop. */
  soon(work: () => void): void;
}

/**
 * Messages of one connection that wait for the answer to an earlier request: to `connect`, or to a stream's publish or play.
 * When there is no room, the oldest frames are dropped; headers, metadata and commands stay, and too many of those are a
 * breach.
 */
export class Backlog {
  readonly #maxBytes: number;
  readonly #owner: BacklogOwner;
  /** Created at the first use: few connections need it. */
  #queues: Map<Request, Queue> | undefined;
  /** The request whose messages are being processed. */
  #working: Request | undefined;
  #bytes = 0;
  #keptBytes = 0;
  #dropped = 0;

  constructor(maxBytes: number, owner: BacklogOwner) {
    this.#maxBytes = maxBytes;
    this.#owner = owner;
  }

  /** Whether a message that depends on a request has to wait. A message that has waited and is being processed does not. */
  blocks(request: Request): boolean {
    return request.waits && request !== this.#working;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many frames were dropped for lack of room since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Holds a message until a request is answered. Throws ProtocolError when there is no room for messages that are never dropped. */
  hold(request: Request, type: number, streamId: number, timestamp: number, payload: Uint8Array): void {
    const cost = costOf(payload);
    const frame = isFrame({ type, payload });
    const queue = this.#queues?.get(request) ?? this.#open(request);
    if (!this.#hasRoom(cost) && queue.frameBytes > 0) this.#dropOldest(queue, cost);
    const room = this.#hasRoom(cost);
    if (!frame && (!room || this.#keptBytes + cost > this.#maxBytes * KEPT_SHARE))
      throw new ProtocolError(
        `${this.#keptBytes} bytes of headers and commands wait for an answer, which is the limit`,
      );
    if (!room) {
      this.#dropped++;
      return;
    }
    // Audio and video are lent for the call, so they are copied.
    const lent = type === MessageType.Audio || type === MessageType.Video;
    queue.messages.push({ type, streamId, timestamp, payload: lent ? payload.slice() : payload });
    this.#count(queue, cost, frame);
    // Two messages are processed for each that comes, so that the queue empties however fast messages come.
    for (let step = 0; step < 2 && request.waits && request.answered; step++) this.#next(request);
  }

  /** A request was accepted: processes the messages that wait for it, `SLICE_MESSAGES` in one turn. New messages wait behind them. */
  release(request: Request): void {
    let bytes = SLICE_BYTES;
    for (let messages = SLICE_MESSAGES; request.waits && request.answered; messages--) {
      if (messages === 0 || bytes <= 0) {
        this.#owner.soon(() => this.release(request));
        return;
      }
      bytes -= this.#next(request);
    }
  }

  /** Processes all remaining messages of an accepted request, as it ends. */
  finish(request: Request): void {
    while (request.waits && request.answered) this.#next(request);
  }

  /** Processes the oldest message of a request; returns its length. */
  #next(request: Request): number {
    const message = this.#shift(request);
    if (message === undefined) {
      request.waits = false;
      return 0;
    }
    const outer = this.#working;
    this.#working = request;
    this.#owner.deliver(message);
    this.#working = outer;
    return message.payload.length;
  }

  #shift(request: Request): HeldMessage | undefined {
    const queue = this.#queues?.get(request);
    const message = queue?.messages[queue.taken];
    if (queue === undefined || message === undefined) return undefined;
    queue.messages[queue.taken++] = undefined;
    this.#count(queue, -costOf(message.payload), isFrame(message));
    return message;
  }

  /** Drops the messages that wait for a request. */
  forget(request: Request): void {
    request.waits = false;
    const queue = this.#queues?.get(request);
    if (queue === undefined) return;
    this.#queues?.delete(request);
    this.#bytes -= queue.bytes;
    this.#keptBytes -= queue.bytes - queue.frameBytes;
  }

  /** Drops all waiting messages. */
  clear(): void {
    for (const request of [...(this.#queues?.keys() ?? [])]) this.forget(request);
  }

  #open(request: Request): Queue {
    const queue = new Queue();
    this.#queues ??= new Map();
    this.#queues.set(request, queue);
    return queue;
  }

  #hasRoom(cost: number): boolean {
    return this.#bytes + cost <= this.#maxBytes;
  }

  /** Drops half of a queue's frames, and more until there is room: half, so that not each new message scans all. */
  #dropOldest(queue: Queue, cost: number): void {
    const half = queue.frameBytes / 2;
    const kept = queue.messages.filter((message) => {
      if (message === undefined) return false;
      if ((queue.frameBytes <= half && this.#hasRoom(cost)) || !isFrame(message)) return true;
      this.#count(queue, -costOf(message.payload), true);
      this.#dropped++;
      return false;
    });
    queue.messages = kept;
    queue.taken = 0;
  }

  #count(queue: Queue, bytes: number, frame: boolean): void {
    queue.bytes += bytes;
    this.#bytes += bytes;
    if (frame) queue.frameBytes += bytes;
    else this.#keptBytes += bytes;
  }
}

function costOf(payload: Uint8Array): number {
  return payload.length + MESSAGE_COST;
}

/** Whether a message is media that a stream can lose: no header, no metadata, no command. */
function isFrame({ type, payload }: Pick<HeldMessage, "type" | "payload">): boolean {
  if (type === MessageType.Aggregate) return true;
  if (type !== MessageType.Audio && type !== MessageType.Video) return false;
  return (classify(type, payload) & (PacketFlag.SequenceHeader | PacketFlag.Config)) === 0;
}
