import { ChunkReader, type MessageHandler } from "../../src/rtmp/chunk-reader.ts";
import { messageSize, writeMessage } from "../../src/rtmp/chunk-writer.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { ChunkStreamId } from "../../src/rtmp/messages.ts";
import { concat } from "../../tests/support/bytes.ts";
import { type Benchmark, keep } from "../harness.ts";
import { message, type Recording, recording, setChunkSize } from "../material.ts";

class Counter implements MessageHandler {
  bytes = 0;

  onMessage(_type: number, _streamId: number, timestamp: number, payload: Uint8Array): void {
    this.bytes += payload.length + timestamp;
  }
}

/** How the socket delivers the bytes of a recording: one message in each read, or reads of this many bytes. */
type Reads = "message" | number;

function reads(from: Recording, chunkSize: number, size: Reads): Uint8Array[] {
  const messages = from.samples.map(({ kind, timestamp, payload }) => message(kind, timestamp, payload, chunkSize));
  if (size === "message") return messages;
  const all = concat(messages);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += size) parts.push(all.slice(at, at + size));
  return parts;
}

function reader(name: string, chunkSize: number, size: Reads, kbps = 600): Benchmark {
  return {
    name: `chunk-reader/${name}`,
    op: "message",
    prepare() {
      const from = recording(kbps);
      const parts = reads(from, chunkSize, size);
      const counter = new Counter();
      const chunks = new ChunkReader(counter, defaultLimits);
      chunks.push(setChunkSize(chunkSize));
      const run = () => {
        for (const part of parts) chunks.push(part);
        keep(counter.bytes);
      };
      return { ops: from.samples.length, bytes: from.bytes, run };
    },
  };
}

function writer(name: string, chunkSize: number, kbps = 600): Benchmark {
  return {
    name: `chunk-writer/${name}`,
    op: "message",
    prepare() {
      const from = recording(kbps);
      let size = 0;
      for (const { timestamp, payload } of from.samples) size += messageSize(payload.length, timestamp, chunkSize);
      const out = new Uint8Array(size);
      const run = () => {
        let at = 0;
        for (const { kind, timestamp, payload } of from.samples) {
          at = writeMessage(out, at, ChunkStreamId.Video, timestamp, kind, 1, payload, chunkSize);
        }
        keep(at);
      };
      return { ops: from.samples.length, bytes: from.bytes, run };
    },
  };
}

/** RTMP chunks in and out. Encoders send chunks of 128 bytes (the default), 4096 (OBS) or more (60,000 is used by SRS and this server). */
export const chunkBenchmarks: readonly Benchmark[] = [
  reader("read-a-message-chunks-of-60000", 60_000, "message"),
  reader("read-a-message-chunks-of-4096", 4096, "message"),
  reader("read-a-message-chunks-of-128", 128, "message"),
  reader("reads-of-1448", 60_000, 1448),
  reader("reads-of-64k", 60_000, 65_536),
  reader("6-mbps-read-a-message-chunks-of-4096", 4096, "message", 6000),
  reader("20-mbps-reads-of-64k-chunks-of-4096", 4096, 65_536, 20_000),
  writer("600-kbps-chunks-of-60000", 60_000),
  writer("600-kbps-chunks-of-4096", 4096),
  writer("600-kbps-chunks-of-128", 128),
  writer("20-mbps-chunks-of-4096", 4096, 20_000),
];
