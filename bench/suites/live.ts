import { systemClock } from "../../src/io/os/clock.ts";
import { PacketLog } from "../../src/live/log/log.ts";
import { SlabPool } from "../../src/live/log/slabs.ts";
import type { Reader } from "../../src/live/readers/reader.ts";
import { Timeline } from "../../src/live/source/timeline.ts";
import { PacketFlag } from "../../src/media/packet.ts";
import { type Benchmark, keep } from "../harness.ts";
import { packets, recording } from "../material.ts";
import { openStage, player } from "../stage.ts";

const logAppend: Benchmark = {
  name: "log/append-and-trim",
  op: "packet",
  prepare() {
    const from = packets(recording());
    const log = new PacketLog(new SlabPool(systemClock));
    const run = () => {
      for (const packet of from) {
        log.append(packet.kind, packet.time, packet.payload, packet.flags, packet.track);
        if ((packet.flags & PacketFlag.Key) !== 0) log.dropUntil(log.end - 1);
      }
      keep(log.bytes);
    };
    return { ops: from.length, bytes: 0, run };
  },
};

const timelinePlace: Benchmark = {
  name: "timeline/place",
  op: "packet",
  prepare() {
    const { samples, durationMs } = recording();
    const timeline = new Timeline("full");
    let base = 0;
    const run = () => {
      for (const { kind, timestamp } of samples) timeline.place(kind, 0, (base + timestamp) >>> 0, base + timestamp);
      base += durationMs;
      keep(timeline.newest);
    };
    return { ops: samples.length, bytes: 0, run };
  },
};

const pushAlone: Benchmark = {
  name: "stream-push/no-readers",
  op: "packet",
  prepare() {
    const stage = openStage();
    const { length } = stage.from.samples;
    const run = () => {
      for (let i = 0; i < length; i++) stage.push();
    };
    return { ops: length, bytes: stage.from.bytes, run };
  },
};

/** Players that are up to date: `batch` packets arrive, then all players are served. */
function fanout(players: number, batch: number): Benchmark {
  return {
    name: `fanout/${players}-players-batches-of-${batch}`,
    op: "send",
    prepare() {
      const stage = openStage();
      stage.push();
      for (let i = 0; i < players; i++) player(stage);
      stage.flush();
      const { samples, bytes } = stage.from;
      const flushes = Math.ceil(samples.length / batch);
      const run = () => {
        for (let flush = 0; flush < flushes; flush++) {
          for (let i = 0; i < batch; i++) stage.push();
          stage.flush();
        }
      };
      const pushed = (bytes / samples.length) * flushes * batch;
      return { ops: players * flushes, bytes: pushed * players, run };
    },
  };
}

const join: Benchmark = {
  name: "fanout/20-players-join-a-gop",
  op: "player",
  prepare() {
    const stage = openStage();
    for (let i = 0; i < stage.from.samples.length; i++) stage.push();
    const joins = 20;
    const joined: Reader[] = [];
    // All players of a storm have joined before the first leaves, so that shared bytes are made once.
    const run = () => {
      for (let i = 0; i < joins; i++) joined.push(player(stage));
      for (const reader of joined) stage.stream.leave(reader);
      joined.length = 0;
    };
    return { ops: joins, bytes: stage.from.bytes * joins, run };
  },
};

/** The steps of a packet through a stream. The sinks accept everything and copy nothing. */
export const liveBenchmarks: readonly Benchmark[] = [
  logAppend,
  timelinePlace,
  pushAlone,
  fanout(1, 1),
  fanout(100, 1),
  fanout(1000, 2),
  fanout(3000, 26),
  fanout(10_000, 26),
  join,
];
