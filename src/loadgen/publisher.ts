// Hot: pump runs for each publisher many times a second.
import type { Transport } from "../base/transport.ts";
import { PacketKind } from "../media/packet.ts";
import { messageSize, writeMessage } from "../rtmp/chunk-writer.ts";
import { ChunkStreamId } from "../rtmp/messages.ts";
import { CHUNK_SIZE, Connection, type ConnectionOwner } from "./connection.ts";
import type { BenchContext } from "./context.ts";
import type { Group } from "./group.ts";
import { GroupMember } from "./group-member.ts";
import type { TrackCounts } from "./player-totals.ts";
import type { MediaSource, SourceMessage } from "./source.ts";
import type { RtmpTarget } from "./url.ts";

/** If the server has not accepted queued bytes for this long, messages are dropped until it has, and then up to the next key frame. */
const STALL_MS = 3000;
/** A message that is sent this much after its due time counts as late: this machine is overloaded. */
const LATE_MS = 100;

/** What all publishers together did. */
export class PublisherTotals {
  readonly frames: TrackCounts = { video: 0, audio: 0 };
  /** Messages dropped because the server had not accepted earlier ones. */
  dropped = 0;
  /** Messages that this machine sent late. */
  late = 0;
}

/** What publishers share. */
export interface PublisherContext extends BenchContext {
  readonly group: Group;
  readonly totals: PublisherTotals;
}

/** One encoder: publishes a source in real time. */
export class Publisher implements ConnectionOwner {
  readonly #context: PublisherContext;
  readonly #headers: readonly SourceMessage[];
  readonly #source: MediaSource;
  readonly connection: Connection;
  #transport: Transport | undefined;
  #streamId = 0;
  #startedMs = 0;
  /** Since when sent bytes have been queued, monotonic ms; 0: none are. */
  #blockedMs = 0;
  #dropping = false;

  /** `headers` are sent first, with timestamp 0. */
  constructor(context: PublisherContext, target: RtmpTarget, source: MediaSource, headers: readonly SourceMessage[]) {
    this.#context = context;
    this.#source = source;
    this.#headers = headers;
    this.connection = new Connection(context, new GroupMember(context.group), target, this);
  }

  admitted(transport: Transport, streamId: number): void {
    this.#transport = transport;
    this.#streamId = streamId;
    this.#startedMs = this.#context.clock.now();
    for (const { kind, timestamp, payload } of this.#headers) this.#send(kind, timestamp, payload);
    this.pump(this.#startedMs);
  }

  drained(): void {
    this.#blockedMs = 0;
  }

  ended(reason: string): void {
    this.connection.fail(reason);
  }

  /** Sends all that is due. */
  pump(nowMs: number): void {
    if (!this.connection.running) return;
    const source = this.#source;
    const elapsed = nowMs - this.#startedMs;
    for (let due = source.dueMs; due <= elapsed; due = source.dueMs) {
      const { clock, wall, totals } = this.#context;
      source.next(wall.nowUs());
      if (elapsed - due > LATE_MS) totals.late++;
      if (this.#skips(clock.now())) {
        totals.dropped++;
        continue;
      }
      if (source.kind === PacketKind.Video) totals.frames.video++;
      else if (source.kind === PacketKind.Audio) totals.frames.audio++;
      this.#send(source.kind, source.timestamp >>> 0, source.payload);
    }
  }

  #skips(nowMs: number): boolean {
    if (this.#dropping) this.#dropping = this.#blockedMs > 0 || !this.#source.key;
    else this.#dropping = this.#blockedMs > 0 && nowMs - this.#blockedMs > STALL_MS;
    return this.#dropping;
  }

  #send(kind: PacketKind, timestamp: number, payload: Uint8Array): void {
    const out = new Uint8Array(messageSize(payload.length, timestamp, CHUNK_SIZE));
    const chunkStreamId = CHUNK_STREAMS[kind];
    writeMessage(out, 0, chunkStreamId, timestamp, kind, this.#streamId, payload, CHUNK_SIZE);
    const taken = this.#transport?.send(out);
    if (taken === false && this.#blockedMs === 0) this.#blockedMs = this.#context.clock.now();
  }
}

const CHUNK_STREAMS: Readonly<Record<PacketKind, number>> = {
  [PacketKind.Audio]: ChunkStreamId.Audio,
  [PacketKind.Video]: ChunkStreamId.Video,
  [PacketKind.Data]: ChunkStreamId.Data,
};
