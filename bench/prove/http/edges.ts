import { publishClip } from "../../../tests/support/e2e/ffmpeg.ts";
import type { Program } from "../../../tests/support/e2e/program.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { compareFollowers, HlsFollower } from "./hls-follower.ts";
import { clipWithKeyFrames, fetchesFrom, type HttpServer, startServer } from "./servers.ts";

/** Streams, with the times of the key frames in their clip of 20 s, s. */
const STREAMS = {
  "GOPs of 1 s": everySeconds(1),
  "GOPs of 4 s": everySeconds(4),
  "irregular GOPs": [0, 0.4, 1.84, 2.12, 4.72, 7, 7.52, 11.2, 12, 12.04, 15.96, 18.2],
} as const;

/** Number of equal periods, between which the second edge and the encoders are changed. */
const STEPS = 6;
/** Minimum share of the proof's time that each edge must list, or it shows nothing. */
const LEAST_SHARE = 0.25;

/**
 * Two edges of one origin list the same segments, byte for byte. The origin pushes to the first edge, which runs all the time; the second
 * edge pulls, is started later, killed and restarted. The encoders restart with other pictures, once while the second edge is away.
 */
export async function edgesAreEqual({ seconds }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const pushed = await startServer(stage, "pushed");
  const origin = await startServer(stage, "origin", { vhost: `forward = "127.0.0.1:${pushed.server.port}"` });
  const tables = fetchesFrom(origin);
  const streams = Object.entries(STREAMS).map(([what, keyFrames], at) => new Stream(stage, what, `s${at}`, keyFrames));
  const rest = () => Bun.sleep((2 * seconds * 1000) / STEPS);
  try {
    for (const stream of streams) stream.publish(origin, 0);
    await until("all are published", () => origin.server.program.count(/publish started/) >= streams.length);
    for (const { one } of streams) one.moveTo(pushed.origin);
    await rest();
    const late = await startServer(stage, "late", { tables });
    for (const { other } of streams) other.moveTo(late.origin);
    await rest();
    for (const stream of streams) await stream.republish(origin, 1);
    await rest();
    for (const { other } of streams) other.moveTo(undefined);
    await late.server.program.kill();
    for (const stream of streams) await stream.republish(origin, 2);
    const restarted = await startServer(stage, "restarted", { tables });
    for (const { other } of streams) other.moveTo(restarted.origin);
    await rest();
    for (const stream of streams) await stream.republish(origin, 3);
    await rest();
    await rest();
  } finally {
    for (const { one, other } of streams) await Promise.all([one.stop(), other.stop()]);
  }
  return streams.map((stream) => stream.finding(seconds));
}

/** A stream, its encoders, and its followers at both edges. */
class Stream {
  readonly one: HlsFollower;
  readonly other: HlsFollower;
  readonly #stage: Stage;
  readonly #what: string;
  readonly #name: string;
  readonly #clips: readonly string[];
  #encoder: Program | undefined;

  constructor(stage: Stage, what: string, name: string, keyFrames: readonly number[]) {
    this.#stage = stage;
    this.#what = what;
    this.#name = name;
    this.#clips = [0, 1, 2, 3].map((number) => clipWithKeyFrames(stage, name, number, keyFrames));
    this.one = new HlsFollower(undefined, name);
    this.other = new HlsFollower(undefined, name);
  }

  publish({ server }: HttpServer, number: number): void {
    const name = `encoder-${this.#name}-${number}`;
    const input = ["-stream_loop", "-1"];
    this.#encoder = publishClip(this.#stage, this.#clips[number] ?? "", server.url(`live/${this.#name}`), {
      input,
      name,
    });
  }

  async republish(origin: HttpServer, number: number): Promise<void> {
    await this.#encoder?.kill();
    this.publish(origin, number);
  }

  finding(seconds: number): Finding {
    const { both, different } = compareFollowers(this.one, this.other);
    const faults = [...this.one.faults, ...this.other.faults, ...different];
    const enough = Math.min(this.one.seconds, this.other.seconds) >= 2 * seconds * LEAST_SHARE;
    const lists = `${this.one.listed.size} and ${this.other.listed.size} segments, ${both} in common`;
    const ok = faults.length === 0 && enough && both > 0;
    return { what: this.#what, ok, seen: [lists, ...faults.slice(0, 10)].join("; ") };
  }
}

function everySeconds(distance: number): number[] {
  return Array.from({ length: Math.ceil(20 / distance) }, (_, at) => at * distance);
}
