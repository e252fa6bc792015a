import type { Clock } from "../src/base/clock.ts";
import { SlabPool } from "../src/live/log/slabs.ts";
import { Flusher } from "../src/live/readers/flusher.ts";
import type { Sink } from "../src/live/readers/format.ts";
import type { Reader } from "../src/live/readers/reader.ts";
import { Corrections } from "../src/live/source/corrections.ts";
import { Stream } from "../src/live/stream.ts";
import { RtmpFormat, type RtmpFormatOptions } from "../src/rtmp/format.ts";
import { type Recording, recording } from "./material.ts";

/** The default format of players. */
export const rtmpOptions: RtmpFormatOptions = {
  chunkSize: 60_000,
  messageStreamId: 1,
  audio: true,
  video: true,
  publishing: false,
};

const format = new RtmpFormat(rtmpOptions);

/** A published stream, on a clock that follows the recording. */
export interface Stage {
  readonly stream: Stream;
  readonly from: Recording;
  /** Pushes the recording's next message; after the last one it repeats, with later timestamps. */
  push(): void;
  /** Ends the turn of the event loop: pushed packets are flushed. */
  flush(): void;
}

/** Makes a stage whose stream has no readers yet. */
export function openStage(): Stage {
  const from = recording();
  let now = 0;
  let pending: (() => void) | undefined;
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    after: () => ({ cancel() {} }),
    every: () => ({ cancel() {} }),
    soon(run) {
      pending = run;
    },
  };
  const flusher = new Flusher(clock, (error) => {
    throw error;
  });
  const stream = new Stream("bench/live/stream", config, {
    clock,
    flusher,
    slabs: new SlabPool(clock),
    published() {},
    unpublished() {},
    wanted() {},
    viewerJoined() {},
    unwanted() {},
    switched() {},
    rerouted() {},
    corrections: new Corrections(),
    corrected() {},
    newEpochId: () => "0".repeat(32),
    headerless() {},
    idle() {},
  });
  const source = stream.publish({ id: "bench", remote: "", param: "", hops: [], via: "client" });
  if (source === undefined) throw new Error("a new stream takes a publisher");
  let base = 0;
  let next = 0;
  return {
    stream,
    from,
    push() {
      const sample = from.samples[next];
      if (sample === undefined) return;
      now = base + sample.timestamp;
      source.push(sample.kind, now >>> 0, sample.payload);
      if (++next < from.samples.length) return;
      next = 0;
      base += from.durationMs;
    },
    flush() {
      const run = pending;
      pending = undefined;
      run?.();
    },
  };
}

const config = {
  gop_cache: true,
  gop_cache_max_frames: 2500,
  gop_cache_max_bytes: 32 * 1024 * 1024,
  queue_length: 30,
  queue_max_bytes: 64 * 1024 * 1024,
  mw_latency: "auto",
  time_jitter: "full",
  grace: 0,
  switch_after: 1000,
} as const;

class NullSink implements Sink {
  bytes = 0;

  send(bytes: Uint8Array): boolean {
    this.bytes += bytes.length;
    return true;
  }
}

/** Adds a player that takes everything at once. */
export function player(stage: Stage): Reader {
  return stage.stream.join(format, new NullSink(), {});
}
