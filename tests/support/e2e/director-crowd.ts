import type { BenchReport, PlayersReport } from "../../../src/loadgen/report.ts";
import { WAIT_LIMIT_MS } from "../limits.ts";
import type { DirectorNodes } from "./director-nodes.ts";
import { executable } from "./executable.ts";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** The kinds of players; those over WebSocket follow no redirect. */
export const kinds = ["rtmp", "flv", "ts", "hls", "ws"] as const;

/** One address for all that serves who does not follow, a server with the stream that takes no viewers, and three edges. */
export const crowdCluster = [
  { name: "front", origin: "origin" },
  { name: "origin", named: true, cluster: "weight = 0" },
  ...["a", "b", "c"].map((name) => ({ name, named: true, origin: "origin" })),
];
const EDGES = ["a", "b", "c"] as const;

/** Players of every kind of live/show by one address, which ask it again when they lose their node. */
export class DirectorCrowd {
  readonly #nodes: DirectorNodes;
  readonly #benches: ReadonlyMap<string, Program>;
  /** How many there are of each kind. */
  readonly each: number;

  /** `nodes` are those of `crowdCluster`. */
  constructor(stage: Stage, nodes: DirectorNodes, each: number) {
    this.#nodes = nodes;
    this.each = each;
    const { server, http } = nodes.of("front");
    const urls: Readonly<Record<(typeof kinds)[number], string>> = {
      rtmp: server.url("live/show"),
      flv: `${http}/live/show.flv`,
      ts: `${http}/live/show.ts`,
      hls: `${http}/live/show.m3u8`,
      ws: `${http.replace("http", "ws")}/live/show.flv`,
    };
    const options = ["-n", String(each), "--rate", "20", "--seconds", "300", "--reconnect", "--json"];
    this.#benches = new Map(
      kinds.map((kind) => [kind, stage.start(kind, [executable(), "bench", "play", urls[kind], ...options])]),
    );
  }

  /** How many play at each edge. */
  static async counts(nodes: DirectorNodes): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries(
      await Promise.all(EDGES.map(async (name) => [name, await playersOf(nodes, name)] as const)),
    );
  }

  /** Waits until each player has been let in by its own account; a server counts it before it has read the answer. */
  async begun(): Promise<void> {
    const all = new RegExp(` ${this.each} of ${this.each} playing`);
    await Promise.all([...this.#benches.values()].map((bench) => bench.line(all)));
  }

  /** Waits until all play, those that follow at the edges, beside `others`; how many play at each edge. */
  async playing(others = 0): Promise<Readonly<Record<string, number>>> {
    const directed = (kinds.length - 1) * this.each + others;
    let seen = "";
    const check = async () => {
      const counts = await DirectorCrowd.counts(this.#nodes);
      const sum = Object.values(counts).reduce((all, count) => all + count, 0);
      const atFront = await playersOf(this.#nodes, "front");
      seen = `${JSON.stringify(counts)} of ${directed} at the edges, ${atFront} of ${this.each} at the front`;
      return sum === directed && atFront === this.each ? counts : undefined;
    };
    return until("all play", check, WAIT_LIMIT_MS, () => seen);
  }

  /** Ends the run; what each kind found. */
  async reports(): Promise<ReadonlyMap<string, PlayersReport>> {
    for (const bench of this.#benches.values()) bench.signal("SIGINT");
    const found = [...this.#benches].map(async ([kind, bench]) => {
      await bench.ended();
      const { players } = JSON.parse(bench.lines.find((line) => line.startsWith("{")) ?? "{}") as BenchReport;
      if (players === undefined) throw new Error(`${kind}: no report\n${bench.tail()}`);
      return [kind, players] as const;
    });
    return new Map(await Promise.all(found));
  }
}

/** 0 for a node that is gone. */
async function playersOf(nodes: DirectorNodes, name: string): Promise<number> {
  const answer = await fetch(`${nodes.of(name).api}/api/v1/node`).catch(() => undefined);
  return answer === undefined ? 0 : ((await answer.json()) as { node: { players: number } }).node.players;
}
