import type { Child, ChildEvents, ChildOptions, StartChild } from "../../src/io/os/child-process.ts";
import { FlvReader } from "../../src/media/flv-reader.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { concat } from "./bytes.ts";
import { flvHeader, flvTag } from "./flv.ts";
import { nameOf, payloads } from "./live.ts";

/** One output of a command: its kind, and where it begins, ms. */
interface Output {
  readonly kind: PacketKind;
  readonly startsAt: number;
}

/**
 * A stand-in for FFmpeg that reads FLV: gives a frame `name'` for each frame `name` of its input, at the same time, behind a
 * header. Tests make it slow, dumb, or end.
 */
export class FakeFfmpeg implements Child {
  readonly pid = 1;
  readonly command: readonly string[];
  readonly events: ChildEvents;
  /** Names of the packets that it has read. */
  readonly read: string[] = [];
  readonly #outputs: readonly Output[];
  readonly #begun = new Set<number>();
  readonly #reader = new FlvReader((kind, timestamp, payload) => this.#take(kind, timestamp, payload));
  /** It takes no input. */
  full = false;
  /** It gives no output. */
  dumb = false;
  /** It ignores SIGTERM. */
  deaf = false;
  /** How much of its sound lies before the first sample, as encoders put it, ms. */
  primingMs = 0;
  signals: string[] = [];
  over = false;

  constructor({ command }: ChildOptions, events: ChildEvents) {
    this.command = command;
    this.events = events;
    this.#outputs = outputsOf(command);
  }

  write(bytes: Uint8Array): boolean {
    if (!this.over) this.#reader.push(bytes);
    return !this.full;
  }

  endInput(): void {
    this.signals.push("EOF");
    if (!this.dumb) this.exit("it ended with code 0");
  }

  stop(): void {
    this.signals.push("TERM");
    if (!this.deaf) this.exit("it was ended by SIGTERM");
  }

  kill(): void {
    this.signals.push("KILL");
    this.exit("it was ended by SIGKILL");
  }

  /** Ends by itself. */
  exit(reason: string): void {
    if (this.over) return;
    this.over = true;
    this.events.exited(reason, undefined);
  }

  /** Writes any bytes to an output. */
  give(index: number, bytes: Uint8Array): void {
    this.events.output(index, bytes);
  }

  #take(kind: PacketKind, timestamp: number, payload: Uint8Array): void {
    const name = nameOf(kind, payload);
    this.read.push(name);
    const isHeader = payload[1] === 0;
    if (this.dumb || isHeader) return;
    for (const [index, output] of this.#outputs.entries()) {
      if (output.kind !== kind || timestamp < output.startsAt) continue;
      const tags: Uint8Array[] = [];
      if (!this.#begun.has(index)) {
        this.#begun.add(index);
        const header = kind === PacketKind.Video ? payloads.videoHeader("V'") : payloads.audioHeader("A'");
        tags.push(flvHeader, flvTag({ kind, timestamp: 0, payload: header }));
        if (kind === PacketKind.Audio && this.primingMs > 0) {
          const before = timestamp - output.startsAt + 10_000 - this.primingMs;
          tags.push(flvTag({ kind, timestamp: before, payload: payloads.audio("priming") }));
        }
      }
      const isKey = payload[0] === 0x17;
      const frame =
        kind === PacketKind.Audio
          ? payloads.audio(`${name}'`)
          : isKey
            ? payloads.key(`${name}'`)
            : payloads.inter(`${name}'`);
      tags.push(flvTag({ kind, timestamp: timestamp - output.startsAt + 10_000, payload: frame }));
      this.give(index, concat(tags));
    }
  }
}

function outputsOf(command: readonly string[]): Output[] {
  return command.flatMap((word, at) => {
    if (word !== "-map") return [];
    const ss = command.indexOf("-ss", at);
    const kind = command[at + 1]?.startsWith("0:a") ? PacketKind.Audio : PacketKind.Video;
    return [{ kind, startsAt: Math.round(Number(command[ss + 1]) * 1000) }];
  });
}

/** All stand-ins that were started. */
export class FakeFfmpegs {
  readonly all: FakeFfmpeg[] = [];
  /** Changes each one that is started. */
  onStart: (ffmpeg: FakeFfmpeg) => void = () => undefined;

  readonly start: StartChild = (options, events) => {
    const ffmpeg = new FakeFfmpeg(options, events);
    this.all.push(ffmpeg);
    this.onStart(ffmpeg);
    return ffmpeg;
  };

  /** The one that was started last. */
  get last(): FakeFfmpeg {
    const last = this.all.at(-1);
    if (last === undefined) throw new Error("no FFmpeg was started");
    return last;
  }

  get running(): number {
    return this.all.filter(({ over }) => !over).length;
  }
}
