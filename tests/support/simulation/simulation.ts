import type { StreamConfig } from "../../../src/live/config.ts";
import type { OnConflict } from "../../../src/live/source/source.ts";
import type { Stream } from "../../../src/live/stream.ts";
import { Streams } from "../../../src/live/streams.ts";
import { Packet } from "../../../src/media/packet.ts";
import { epochIds } from "../epoch-ids.ts";
import { FakeClock } from "../fake-clock.ts";
import { rethrow } from "../faults.ts";
import { nameOf, streamDefaults } from "../live.ts";
import { between, mulberry32, pick } from "../random.ts";
import { Encoder, type Library } from "./encoder.ts";
import { TracingFormat } from "./tracing-format.ts";
import { type Taken, Watcher } from "./watcher.ts";

const TICK_MS = 40;
const KB = 1024;

/** One stream: its encoders, of which one is heard at a time, its readers, and what it took so far. */
interface Channel {
  readonly name: string;
  readonly encoders: readonly Encoder[];
  readonly watchers: Set<Watcher>;
  /** Begun anew when the stream was forgotten. */
  taken: Taken[];
  stream: Stream | undefined;
  /** Bytes taken since the last rest. */
  fresh: number;
}

/** What a simulation came to; to see that it does what it is meant to do. */
export interface SimulationTotals {
  packets: number;
  joined: number;
  lost: number;
  keptUp: number;
  /** Changes of the active source, and those among them that nobody noticed. */
  switches: number;
  inStep: number;
}

/** Publishers and readers come, go, stall and change their minds; everything that anybody gets is checked. */
export class Simulation {
  readonly totals: SimulationTotals = {
    packets: 0,
    joined: 0,
    lost: 0,
    keptUp: 0,
    switches: 0,
    inStep: 0,
  };
  readonly #random: () => number;
  readonly #clock = new FakeClock();
  readonly #streams = new Streams(this.#clock, rethrow, epochIds());
  readonly #library: Library = new Map();
  readonly #config: StreamConfig;
  readonly #onConflict: OnConflict;
  readonly #faults: number;
  readonly #formats: readonly TracingFormat[];
  readonly #channels: readonly Channel[];
  /** What one write costs, ms: with enough readers a flush takes several slices. */
  readonly #writeMs: number;

  /** `faults` is the share of steps in which something happens to a source. */
  constructor(seed: number, faults = 0.025) {
    this.#random = mulberry32(seed);
    this.#faults = faults;
    const random = this.#random;
    this.#config = {
      ...streamDefaults,
      gop_cache: random() < 0.8,
      gop_cache_max_frames: pick(random, [20, 60, 2500]),
      gop_cache_max_bytes: pick(random, [20 * KB, 100 * KB, streamDefaults.gop_cache_max_bytes]),
      queue_length: pick(random, [1, 3, 30]),
      queue_max_bytes: pick(random, [20 * KB, 100 * KB, streamDefaults.queue_max_bytes]),
      mw_latency: pick(random, ["auto", "auto", 0, 100, 350]),
      grace: pick(random, [0, 5, 30]),
      switch_after: pick(random, [100, 1000, 3000]),
    };
    this.#onConflict = pick(random, ["reject", "replace", "standby", "standby"]);
    this.#streams.observe({
      published() {},
      unpublished() {},
      switched: (_, { inStep }) => {
        this.totals.switches++;
        if (inStep) this.totals.inStep++;
      },
    });
    this.#writeMs = pick(random, [0, 0.01, 1]);
    const format = (chunkSize: number, audio: boolean, video: boolean, messageStreamId = 1) =>
      new TracingFormat({ chunkSize, audio, video, messageStreamId, publishing: false });
    this.#formats = [
      format(4096, true, true),
      format(128, true, true),
      format(4096, true, true, 2),
      format(4096, true, false),
      format(4096, false, true),
      format(4096, false, false),
    ];
    this.#channels = ["one", "two"].map((name) => {
      const channel: Channel = {
        name,
        encoders: [1, 2, 3].map(() => new Encoder(random, this.#library)),
        watchers: new Set(),
        taken: [],
        stream: undefined,
        fresh: 0,
      };
      return channel;
    });
  }

  /** Runs so many steps, then lets everybody catch up; throws at the first fault. */
  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.#step();
    this.#rest();
    for (const { encoders } of this.#channels)
      for (const encoder of encoders) for (const way of encoder.ways) encoder.end(way, "unpublished");
    this.#rest();
    for (const channel of this.#channels) this.#leaveAll(channel);
    this.#clock.advance(1000 * (this.#config.grace + 1));
    if (this.#streams.size > 0) throw new Error("a stream is left");
    // By then the memory that nobody needs is given back.
    this.#clock.advance(30_000);
    this.#clock.settle();
    if (this.#clock.timers > 0) throw new Error("a timer is left");
  }

  #step(): void {
    const random = this.#random;
    const channel = pick(random, this.#channels);
    const chance = random();
    if (chance < 0.7) this.#tick();
    else if (chance < 0.7 + this.#faults) this.#disturbEncoder(channel, random);
    else if (chance < 0.735 + this.#faults) this.#join(channel);
    else this.#disturb(channel, random);
    if (random() < 0.3) this.#clock.turn();
    if (random() < 0.005) this.#rest();
  }

  #disturbEncoder(channel: Channel, random: () => number): void {
    const encoder = pick(random, channel.encoders);
    const way = pick(random, encoder.ways);
    const chance = random();
    const ways = random() < 0.5 ? encoder.ways : [way];
    const onConflict = this.#onConflict;
    if (chance < 0.6) for (const each of ways) encoder.publish(each, this.#stream(channel), { onConflict });
    else if (chance < 0.75) encoder.end(way, random() < 0.5 ? "lost" : "unpublished");
    else if (chance < 0.85) way.stick();
    else way.free();
  }

  #tick(): void {
    const burst = this.#random() < 0.05 ? between(this.#random, 2, 60) : 1;
    for (let count = 0; count < burst; count++)
      for (const channel of this.#channels) for (const encoder of channel.encoders) encoder.tick(TICK_MS);
    // A burst came late: the time it stands for has passed already, or will pass without packets.
    this.#clock.advance(burst * TICK_MS);
  }

  #join(channel: Channel): void {
    if (channel.watchers.size > 12) return;
    const random = this.#random;
    const room = random() < 0.5 ? Number.POSITIVE_INFINITY : between(random, 0, 30 * KB);
    const stream = this.#stream(channel);
    const format = pick(random, this.#formats);
    const spend = () => this.#clock.spend(this.#writeMs);
    channel.watchers.add(new Watcher(stream, format, channel.taken, this.#library, room, spend));
    this.totals.joined++;
  }

  #disturb(channel: Channel, random: () => number): void {
    const watcher = pick(random, [...channel.watchers, undefined]);
    if (watcher === undefined) return;
    const chance = random();
    if (chance < 0.05) this.#leave(channel, watcher);
    else if (chance < 0.1) watcher.pause();
    else if (chance < 0.2) watcher.unpause();
    else if (chance < 0.25) watcher.reformat(pick(random, this.#formats));
    else if (chance < 0.35) watcher.stall();
    else if (chance < 0.4) watcher.sink.drain();
    else watcher.sink.drain(between(random, 1, 20 * KB));
  }

  /** Nobody publishes anything and everybody reads all there is. */
  #rest(): void {
    this.#clock.advance(6000);
    for (const { stream, fresh } of this.#channels) if (stream !== undefined) this.#checkBounds(stream, fresh);
    for (const { watchers } of this.#channels) for (const watcher of watchers) watcher.catchUp();
    this.#clock.advance(1000);
    for (const channel of this.#channels) {
      for (const watcher of channel.watchers) watcher.checkComplete();
      channel.fresh = 0;
    }
  }

  #checkBounds(stream: Stream, fresh: number): void {
    const { gop_cache_max_bytes: gop, queue_max_bytes: queue } = this.#config;
    const bound = Math.max(gop, queue);
    if (stream.log.bytes > bound) throw new Error(`${stream.log.bytes} bytes held, ${bound} allowed, ${fresh} new`);
    const held = stream.sources.held.reduce((sum, { bytes }) => sum + bytes, 0);
    if (held > gop) throw new Error(`${held} bytes held by those that stand by, ${gop} allowed`);
  }

  #stream(channel: Channel): Stream {
    const stream = this.#streams.open({ vhost: "v", app: "a", stream: channel.name }, this.#config);
    if (stream !== channel.stream) {
      channel.stream = stream;
      const taken: Taken[] = [];
      channel.taken = taken;
      const { log } = stream;
      const append = log.append.bind(log);
      log.append = (kind, time, payload, flags, track) => {
        const seq = append(kind, time, payload, flags, track);
        this.#took(channel, taken, seq, new Packet(kind, time, payload.slice(), flags, track));
        return seq;
      };
    }
    return stream;
  }

  #took(channel: Channel, taken: Taken[], seq: number, packet: Packet): void {
    const made = this.#library.get(nameOf(packet.kind, packet.payload));
    if (made === undefined) throw new Error("nobody made what the stream took");
    taken[seq] = { made, packet };
    channel.fresh += packet.payload.length;
    this.totals.packets++;
  }

  #leave(channel: Channel, watcher: Watcher): void {
    channel.watchers.delete(watcher);
    watcher.stream.leave(watcher.reader);
    this.totals.lost += watcher.reader.lost;
    if (watcher.fast && watcher.plain) this.totals.keptUp++;
  }

  #leaveAll(channel: Channel): void {
    for (const watcher of channel.watchers) this.#leave(channel, watcher);
  }
}
