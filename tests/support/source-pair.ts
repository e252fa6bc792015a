import type { StreamConfig } from "../../src/live/config.ts";
import type { PublishOptions } from "../../src/live/source/source.ts";
import type { SourceSwitch } from "../../src/live/source/switches.ts";
import { type Feed, LiveStage, type Viewer } from "./live.ts";

/** Of the encoders. */
export const FRAME_MS = 40;
/** How a second publisher stands by. */
export const standby: PublishOptions = { onConflict: "standby" };

/**
 * Two encoders that send 25 frames a second with sound, `a` and then `b`, and a viewer. Frames are named by their encoder
 * and their number, as `a.k0 a.s0 a.p1 a.s1 …`; key frames come every `gop` frames, those of `b` `late` frames later.
 */
export class Pair {
  readonly stage: LiveStage;
  readonly viewer: Viewer;
  readonly switches: SourceSwitch[] = [];
  readonly events: string[] = [];
  readonly feeds: Record<string, Feed> = {};
  readonly gop: number;
  readonly late: number;
  /** Both have the same frames. */
  readonly same: boolean;
  /** How far the clock of pictures is ahead of that of sound, ms; may change. */
  videoAhead = 0;
  #frame = 0;

  constructor({ gop = 25, late = 5, same = false, ...config }: Partial<StreamConfig & PairOptions> = {}) {
    this.gop = gop;
    this.late = same ? 0 : late;
    this.same = same;
    this.stage = new LiveStage(config);
    this.stage.observe({
      published: (_, __, source) => this.events.push(`published ${source.info.id}`),
      unpublished: (_, source, how) => this.events.push(`unpublished ${source.info.id} ${how}`),
      switched: (_, change) => {
        this.switches.push(change);
        this.events.push(`${change.from.id} to ${change.to.id}: ${change.why}`);
      },
    });
    this.viewer = this.stage.view();
  }

  publish(id: string, options: PublishOptions = standby, time = 0): this {
    const feed = this.stage.publish("show", id, options);
    feed.time = time + this.#frame * FRAME_MS;
    const who = this.same ? "x" : id;
    this.feeds[id] = feed.metadata(`${who}.m`).headers(`${who}.V`, `${who}.A`);
    return this;
  }

  /** Lets encoders send frames while time passes for all. */
  run(frames: number, ...ids: readonly string[]): this {
    for (let count = 0; count < frames; count++) {
      for (const id of ids) this.#send(id);
      this.#frame++;
      this.stage.wait(FRAME_MS, ...Object.values(this.feeds));
    }
    return this;
  }

  #send(id: string): void {
    const who = this.same ? "x" : id;
    const shift = id === "b" ? this.late : 0;
    const key = (this.#frame - shift) % this.gop === 0;
    const feed = this.feeds[id];
    if (feed === undefined) return;
    feed.time += this.videoAhead;
    if (key) feed.key(`${who}.k${this.#frame}`);
    else feed.inter(`${who}.p${this.#frame}`);
    feed.time -= this.videoAhead;
    feed.audio(`${who}.s${this.#frame}`);
  }

  end(id: string, how: "lost" | "unpublished" = "lost"): this {
    this.feeds[id]?.end(how);
    this.stage.clock.settle();
    return this;
  }

  /** Pictures that the viewer has got since the last look. */
  pictures(): string[] {
    return this.viewer.news().filter((name) => /\.[kp]\d/.test(name));
  }

  get active(): string | undefined {
    return this.stage.stream().source?.info.id;
  }

  get standbys(): string[] {
    return this.stage.stream().sources.standbys.map(({ info }) => info.id);
  }

  /** Steps of the viewer's time between frames of one kind: the longest, and whether any is not ahead. */
  steps(kind: RegExp): { longest: number; back: boolean } {
    const times = this.viewer.got.filter(({ name }) => kind.test(name)).map(({ time }) => time);
    const steps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    return { longest: Math.max(...steps), back: steps.some((step) => step <= 0) };
  }
}

interface PairOptions {
  gop: number;
  late: number;
  same: boolean;
}

/** The names of pictures. */
export const PICTURE = /\.[kp]\d/;
const SOUND = /\.s\d/;

/** How far pictures and sound stepped at most; throws when one went back. */
export function steps(pair: Pair): [pictures: number, sound: number] {
  const [pictures, sound] = [pair.steps(PICTURE), pair.steps(SOUND)];
  if (pictures.back || sound.back) throw new Error("time does not go on");
  return [pictures.longest, sound.longest];
}
