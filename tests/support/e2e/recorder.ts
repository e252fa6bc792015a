import { writeFileSync } from "node:fs";
import type { PacketKind } from "../../../src/media/packet.ts";
import { flvFile } from "../flv.ts";
import { Client, type Received } from "./client.ts";
import type { Stage } from "./stage.ts";

interface Recorded extends Received {
  /** When it came, ms. */
  readonly at: number;
}

/** What a player saw from one moment on, for each kind of packet: ms. */
export interface Seen {
  /** The longest that nothing came. */
  readonly pause: number;
  /** The longest that no picture came. */
  readonly picturePause: number;
  /** The longest step of the pictures' time, and of the sound's. */
  readonly pictureStep: number;
  readonly soundStep: number;
  /** How often time stepped back, or stood still. */
  readonly back: number;
}

/** A player that keeps all that it gets, and when. */
export class Recorder {
  readonly client: Client;
  readonly packets: Recorded[] = [];

  private constructor(client: Client) {
    this.client = client;
    client.onPacket = (packet) => this.packets.push({ ...packet, at: performance.now() });
  }

  static async play(stage: Stage, port: number, name: string, app = "live"): Promise<Recorder> {
    const client = await Client.connect(stage, { port, app });
    const recorder = new Recorder(client);
    await client.startPlay(name);
    return recorder;
  }

  /** Pictures and sound, without headers. */
  frames(type: 8 | 9): Recorded[] {
    return this.packets.filter((packet) => packet.type === type && packet.payload[1] === 1);
  }

  /** What it saw since then (`performance.now()`), what came just before included. */
  seen(since: number): Seen {
    const from = (packets: Recorded[]) => {
      const first = packets.findIndex(({ at }) => at >= since);
      return packets.slice(Math.max(0, first - 1));
    };
    const media = this.packets.filter(({ type, payload }) => type !== 18 && payload[1] === 1);
    const [pictures, sound] = [from(this.frames(9)), from(this.frames(8))];
    const times = [pictures, sound].map((packets) => packets.map(({ timestamp }) => timestamp));
    const [pictureStep = 0, soundStep = 0] = times.map(longestStep);
    return {
      pause: Math.round(longestStep(from(media).map(({ at }) => at))),
      picturePause: Math.round(longestStep(pictures.map(({ at }) => at))),
      pictureStep,
      soundStep,
      back: times.flatMap((one) => one.filter((time, at) => at > 0 && time <= (one[at - 1] ?? 0))).length,
    };
  }

  /** Writes what came to a file that FFmpeg reads. */
  save(path: string): string {
    const tags = this.packets.map(({ type, timestamp, payload }) => ({ kind: type as PacketKind, timestamp, payload }));
    writeFileSync(path, flvFile(tags));
    return path;
  }
}

function longestStep(times: readonly number[]): number {
  return times.reduce((longest, time, at) => (at === 0 ? longest : Math.max(longest, time - (times[at - 1] ?? 0))), 0);
}
