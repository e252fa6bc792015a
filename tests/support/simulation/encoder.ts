import type { PublishOptions, SourceEnd } from "../../../src/live/source/source.ts";
import type { Stream } from "../../../src/live/stream.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { payloads } from "../live.ts";
import { between, pick } from "../random.ts";
import { Way } from "./way.ts";

/** One packet as an encoder made it, and what a decoder needs before it. */
export interface Made {
  readonly name: string;
  readonly kind: PacketKind;
  readonly what: keyof typeof payloads;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  /** The frame that an inter frame is predicted from. */
  readonly after: string | undefined;
  /** The sequence header in force for a frame. */
  readonly header: string | undefined;
}

/** All packets ever made, by their names. */
export type Library = Map<string, Made>;

const letters = { metadata: "m", text: "t", videoHeader: "V", audioHeader: "A", key: "k", inter: "p", audio: "a" };
const sizes = { metadata: 0, text: 200, videoHeader: 40, audioHeader: 10, key: 4000, inter: 900, audio: 200 };

/** Clocks of encoders at their start: young, old enough for the sign bit, about to wrap. */
const starts = [0, 0, 1000, 2 ** 31 - 500, 2 ** 31, 0xffffff00, 0xfffffff0];
/** How long video is away when it is: long enough to be taken for audio only. */
const VIDEO_AWAY_MS = 14_000;

/** An encoder, or a relay that comes back with its newest GOP; some send over two ways. */
export class Encoder {
  readonly #random: () => number;
  readonly #library: Library;
  readonly #video: boolean;
  readonly #audio: boolean;
  readonly #relay: boolean;
  /** Some encoders stamp headers and metadata with 0. */
  readonly #stampsZero: boolean;
  readonly ways: readonly Way[];
  readonly preferred: boolean;
  #time: number;
  /** From the newest key frame on, with the headers before it; empty before the first. */
  #gop: Made[] = [];
  #interLeft = 0;
  #frame: string | undefined;
  #videoHeader: Made | undefined;
  #audioHeader: Made | undefined;
  #videoBackAt = 0;

  constructor(random: () => number, library: Library) {
    this.#random = random;
    this.#library = library;
    const tracks = random();
    this.#video = tracks > 0.15;
    this.#audio = tracks < 0.85;
    const twoWays = random() < 0.4;
    this.#relay = twoWays || random() < 0.4;
    const delays = twoWays ? [0, pick(random, [0, 40, 400, 2000])] : [0];
    this.ways = delays.map((delayMs) => new Way(delayMs));
    this.preferred = random() < 0.2;
    this.#stampsZero = random() < 0.3;
    this.#time = pick(random, starts);
  }

  get publishing(): boolean {
    return this.ways.some(({ connected }) => connected);
  }

  /** Begins to publish over a way unless the stream lets nobody in. */
  publish(way: Way, stream: Stream, options: PublishOptions): void {
    if (way.connected || !way.connect(stream, { ...options, preferred: this.preferred })) return;
    if (this.#relay && this.#gop.length > 0) for (const made of this.#gop) way.send(made);
    else this.#begin();
  }

  end(way: Way, how: SourceEnd): void {
    if (!way.connected) return;
    way.end(how);
    if (this.#relay) return;
    this.#gop = [];
    if (this.#random() < 0.6) this.#time = pick(this.#random, starts);
  }

  /** Makes what there is to make in `ms`; a relay's goes on when it is not connected. */
  tick(ms: number): void {
    this.#time += ms;
    for (const way of this.ways) way.tick(ms);
    if (!this.publishing && !this.#relay) return;
    if (this.#random() < 0.002) this.#time += pick(this.#random, [-100_000, -500, 700, 100_000]);
    if (this.#random() < 0.01) this.#make("text");
    if (this.#random() < 0.005) this.#make("metadata");
    if (this.#audio) this.#tickAudio();
    if (this.#video) this.#tickVideo();
  }

  #begin(): void {
    this.#videoHeader = undefined;
    this.#audioHeader = undefined;
    this.#frame = undefined;
    if (this.#random() < 0.8) this.#make("metadata");
    if (this.#audio && this.#random() < 0.9) this.#audioHeader = this.#make("audioHeader");
    if (this.#audio && this.#random() < 0.3) this.#make("audio");
    if (this.#video && this.#random() < 0.9) this.#videoHeader = this.#make("videoHeader");
    // Some begin in the middle of a GOP, predicted from a frame that nobody got.
    this.#interLeft = this.#random() < 0.2 ? between(this.#random, 1, 5) : 0;
    this.#frame = "before";
  }

  #tickAudio(): void {
    if (this.#random() < 0.003) this.#audioHeader = this.#make("audioHeader");
    this.#make("audio");
  }

  #tickVideo(): void {
    if (this.#audio && this.#random() < 0.001) this.#videoBackAt = this.#time + VIDEO_AWAY_MS;
    const away = this.#videoBackAt - this.#time;
    if (away > 0 && away <= VIDEO_AWAY_MS) return;
    if (this.#interLeft > 0) {
      this.#interLeft--;
      this.#make("inter");
      return;
    }
    if (this.#random() < 0.1) this.#videoHeader = this.#make("videoHeader");
    this.#make("key");
    this.#interLeft = between(this.#random, 0, 60);
  }

  #make(what: Made["what"]): Made {
    const name = `${letters[what]}${this.#library.size}`;
    const video = what === "key" || what === "inter";
    const beside = what !== "audio" && !video;
    const made: Made = {
      name,
      what,
      kind: kindOf(what),
      timestamp: (beside && this.#stampsZero ? 0 : this.#time) >>> 0,
      payload: payloads[what](name, between(this.#random, 0, sizes[what])),
      after: what === "inter" ? this.#frame : undefined,
      header: (video ? this.#videoHeader : what === "audio" ? this.#audioHeader : undefined)?.name,
    };
    this.#library.set(name, made);
    if (video) this.#frame = name;
    if (what === "key") this.#gop = [this.#audioHeader, this.#videoHeader].filter((header) => header !== undefined);
    if (what === "key" || this.#gop.length > 0) this.#gop.push(made);
    for (const way of this.ways) way.send(made);
    return made;
  }
}

function kindOf(what: Made["what"]): PacketKind {
  if (what === "metadata" || what === "text") return PacketKind.Data;
  return what === "audio" || what === "audioHeader" ? PacketKind.Audio : PacketKind.Video;
}
