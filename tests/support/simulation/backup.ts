import type { StreamConfig } from "../../../src/live/config.ts";
import type { SourceSwitch } from "../../../src/live/source/switches.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { type Got, LiveStage, payloads } from "../live.ts";
import { between, mulberry32, pick } from "../random.ts";
import type { Made } from "./encoder.ts";
import { Way } from "./way.ts";

const FRAME_MS = 40;
const GOP_FRAMES = 25;
/** A way counts as good when it has run this long without a fault, and what it was stuck with has come. */
const GOOD_AFTER_MS = 4000;

/** The longest that a viewer waited for a picture and for anything, and the longest steps of time, ms. */
export interface Longest {
  pause: number;
  picturePause: number;
  pictureStep: number;
  soundStep: number;
}

/** An encoder with a picture and sound each 40 ms, a key frame a second, and the ways that it sends over. */
class SteadyEncoder {
  readonly name: string;
  readonly ways: readonly TestedWay[];
  readonly #phase: number;
  #clock: number;
  #frame = 0;
  #gop: Made[] = [];

  constructor(name: string, clock: number, phase: number, delays: readonly number[]) {
    this.name = name;
    this.#clock = clock;
    this.#phase = phase;
    this.ways = delays.map((delayMs) => new TestedWay(delayMs));
  }

  /** What a way that connects begins with: headers and the newest GOP, as a relay does. */
  get beginning(): readonly Made[] {
    return [this.#make("videoHeader", "V"), this.#make("audioHeader", "A"), ...this.#gop];
  }

  tick(): void {
    const at = this.#frame++;
    this.#clock += FRAME_MS;
    const key = (at + this.#phase) % GOP_FRAMES === 0;
    const picture = this.#make(key ? "key" : "inter", `p${at}`);
    const sound = this.#make("audio", `s${at}`);
    this.#gop = key ? [picture, sound] : this.#gop.length > 0 ? [...this.#gop, picture, sound] : [];
    for (const way of this.ways) {
      way.tick(FRAME_MS);
      way.send(picture);
      way.send(sound);
    }
  }

  #make(what: Made["what"], name: string): Made {
    const full = `${this.name}.${name}`;
    const kind = what === "audio" || what === "audioHeader" ? 8 : 9;
    return {
      name: full,
      what,
      kind,
      timestamp: this.#clock >>> 0,
      payload: payloads[what](full, what === "key" ? 600 : 100),
      after: undefined,
      header: undefined,
    };
  }
}

/** A way, and since when it is good. */
class TestedWay extends Way {
  /** Monotonic ms; Infinity while something is wrong with it. */
  goodSince = Number.POSITIVE_INFINITY;
}

/**
 * One viewer, one encoder that sends over two ways and one with a clock of its own, and a week of faults: connections that
 * break and come back, that stop properly, that get stuck and come free with all that was stuck. One way is always good.
 */
export class Backup {
  readonly longest: Longest = { pause: 0, picturePause: 0, pictureStep: 0, soundStep: 0 };
  readonly switches: SourceSwitch[] = [];
  readonly switchAfter: number;
  readonly #random: () => number;
  readonly #stage: LiveStage;
  readonly #encoders: readonly SteadyEncoder[];
  readonly #take: () => Got[];
  readonly #later: { at: number; run: () => void }[] = [];
  #lastAt = 0;
  #lastPictureAt = 0;
  #picture: Got | undefined;
  #sound: Got | undefined;
  /** The stream's time less the wall's, as it was at first. */
  #distance: number | undefined;
  /** How far time ran ahead of the wall, ms: by so much viewers were further behind than at first. */
  ahead = 0;

  /** The second way of the first encoder is so much later. */
  constructor(seed: number, lateMs: number, config: Partial<StreamConfig> = {}) {
    this.#random = mulberry32(seed);
    const random = this.#random;
    this.switchAfter = pick(random, [200, 1000, 2000]);
    this.#stage = new LiveStage({ switch_after: this.switchAfter, ...config });
    this.#stage.observe({
      published() {},
      unpublished: () => {
        throw new Error("the stream has ended");
      },
      switched: (_, change) => this.switches.push(change),
    });
    this.#encoders = [
      new SteadyEncoder("one", between(random, 0, 2 ** 32 - 1), 0, [0, lateMs]),
      new SteadyEncoder("two", between(random, 0, 2 ** 32 - 1), between(random, 1, GOP_FRAMES - 1), [0]),
    ];
    const viewer = this.#stage.view();
    this.#take = () => viewer.got.splice(0);
    for (const encoder of this.#encoders) for (const way of encoder.ways) this.#connect(encoder, way);
  }

  /** Runs through so many faults, some seconds apart. */
  run(faults: number): void {
    const random = this.#random;
    this.#steps(3 * GOP_FRAMES);
    for (let count = 0; count < faults; count++) {
      this.#steps(between(random, GOP_FRAMES, 10 * GOP_FRAMES));
      const encoder = pick(random, this.#encoders);
      const way = pick(random, encoder.ways);
      const others = this.#encoders.flatMap(({ ways }) => ways).filter((other) => other !== way);
      const { clock } = this.#stage;
      if (way.goodSince > clock.now() || !others.some(({ goodSince }) => clock.now() - goodSince > GOOD_AFTER_MS))
        continue;
      way.goodSince = Number.POSITIVE_INFINITY;
      this.#break(encoder, way);
    }
  }

  #break(encoder: SteadyEncoder, way: TestedWay): void {
    const random = this.#random;
    const chance = random();
    if (chance < 0.4) {
      way.stick();
      this.#in(between(random, 200, 6000), () => {
        // What was stuck may have been too much.
        if (way.connected) way.goodSince = this.#stage.clock.now();
        else this.#connect(encoder, way);
        way.free();
      });
      return;
    }
    way.end(chance < 0.8 ? "lost" : "unpublished");
    this.#in(between(random, 500, 20_000), () => this.#connect(encoder, way));
  }

  #connect(encoder: SteadyEncoder, way: TestedWay): void {
    if (!way.connect(this.#stage.stream(), { onConflict: "standby" })) throw new Error("not let in");
    for (const made of encoder.beginning) way.send(made);
    way.goodSince = this.#stage.clock.now() + way.delayMs;
  }

  #in(ms: number, run: () => void): void {
    this.#later.push({ at: this.#stage.clock.now() + ms, run });
  }

  #steps(frames: number): void {
    for (let count = 0; count < frames; count++) this.#step();
  }

  #step(): void {
    const { clock } = this.#stage;
    clock.advance(FRAME_MS);
    for (const due of this.#later.filter(({ at }) => at <= clock.now())) {
      this.#later.splice(this.#later.indexOf(due), 1);
      due.run();
    }
    for (const encoder of this.#encoders) encoder.tick();
    clock.settle();
    for (const got of this.#take()) this.#see(got, clock.now());
  }

  #see(got: Got, now: number): void {
    if (!/\.[ps]\d/.test(got.name)) return;
    this.longest.pause = Math.max(this.longest.pause, this.#lastAt === 0 ? 0 : now - this.#lastAt);
    this.#lastAt = now;
    const picture = got.kind === PacketKind.Video;
    const last = picture ? this.#picture : this.#sound;
    if (picture) {
      this.longest.picturePause = Math.max(
        this.longest.picturePause,
        this.#picture === undefined ? 0 : now - this.#lastPictureAt,
      );
      this.#lastPictureAt = now;
      this.#picture = got;
    } else this.#sound = got;
    this.#distance ??= got.time - now;
    this.ahead = Math.max(this.ahead, got.time - now - this.#distance);
    if (last === undefined) return;
    const step = (got.time - last.time) | 0;
    if (step <= 0) throw new Error(`${last.name} at ${last.time}, then ${got.name} at ${got.time}`);
    if (picture && got.payload[0] === 0x27 && got.name !== successor(last.name))
      throw new Error(`${got.name} follows ${last.name}`);
    if (picture) this.longest.pictureStep = Math.max(this.longest.pictureStep, step);
    else this.longest.soundStep = Math.max(this.longest.soundStep, step);
    this.#checkSeam(last, got, step);
  }

  /** Between two ways of one encoder nothing is lost. */
  #checkSeam(last: Got, got: Got, step: number): void {
    const inStep = this.switches.at(-1)?.inStep ?? true;
    const [from] = last.name.split(".");
    const sameEncoder = got.name.startsWith(`${from}.`);
    if (inStep && sameEncoder && step !== FRAME_MS)
      throw new Error(`${got.name} follows ${last.name} after ${step} ms`);
  }
}

function successor(name: string): string {
  return name.replace(/\d+$/, (number) => String(Number(number) + 1));
}
