import { expect } from "bun:test";
import { Client } from "../e2e/client.ts";
import { type Srs, type SrsOptions, startSrs } from "../e2e/srs.ts";
import { Stage } from "../e2e/stage.ts";
import { SLACK_MS } from "../limits.ts";
import { Raw, type RawOptions } from "./raw.ts";
import { type Testimony, Witness } from "./witness.ts";

const SAMPLE_MS = 25;
const PROBE_MS = 250;

/** What an attack did to the server and to those who had nothing to do with it. */
export interface Report extends Testimony {
  /** How much the resident memory rose above what it was before the attack, at its highest, MB. */
  readonly grownMb: number;
  /** Processor time that it took, seconds. */
  readonly cpuSeconds: number;
  /** The longest that a packet of the witness was under way, ms, beyond the longest on a server that nobody attacked. */
  readonly worstMs: number;
  /** The longest that a new client waited for the answer to its connect, ms, likewise. */
  readonly connectMs: number;
  /** Lines of the log that the attack caused. */
  readonly lines: readonly string[];
  /** Whether the server ran at the end. */
  readonly running: boolean;
}

/** What an attack is given. */
export interface Arena {
  readonly server: Srs;
  readonly stage: Stage;
  readonly witness: Witness;
  open(options?: RawOptions): Promise<Raw>;
  many(count: number, options?: RawOptions): Promise<Raw[]>;
}

/**
 * Runs an attack against a server that also carries a well-behaved publisher and player, and reports how all of them
 * fared. Another server with the same company, which nobody attacks, shows what the machine and this process are to blame for.
 */
export async function attack(run: (arena: Arena) => Promise<unknown>, options: SrsOptions = {}): Promise<Report> {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", options);
  const calm = await startSrs(stage, "calm server");
  const [witness, control] = [await Witness.start(stage, server), await Witness.start(stage, calm)];
  const from = server.program.lines.length;
  await Bun.sleep(100);
  const before = server.program.rss();
  let peak = before;
  const cpuBefore = server.program.cpu();
  const sampler = setInterval(() => {
    if (server.program.running) peak = Math.max(peak, server.program.rss());
  }, SAMPLE_MS);
  const [probe, controlProbe] = [new Probe(stage, server.port), new Probe(stage, calm.port)];
  witness.reset();
  control.reset();
  try {
    await run({
      server,
      stage,
      witness,
      open: (raw) => Raw.open(stage, server.port, raw),
      many: (count, raw) => Raw.many(stage, server.port, count, raw),
    });
    const testimony = await witness.stop();
    await control.stop();
    await Promise.all([probe.stop(), controlProbe.stop()]);
    return {
      ...testimony,
      grownMb: Math.round(peak - before),
      cpuSeconds: server.program.cpu() - cpuBefore,
      worstMs: Math.round(witness.worstMs - control.worstMs),
      connectMs: Math.round(probe.worstMs - controlProbe.worstMs),
      lines: server.program.lines.slice(from).filter((line) => !probe.owns(line)),
      running: server.program.running,
    };
  } finally {
    clearInterval(sampler);
    await Promise.all([probe.stop(), controlProbe.stop()]);
  }
}

/** Nobody but the attacker noticed anything. */
export function expectCalm(report: Report): void {
  expect(report).toMatchObject({ running: true, lost: 0 });
  expect(report.worstMs).toBeLessThan(SLACK_MS);
  expect(report.connectMs).toBeLessThan(SLACK_MS);
}

/** A new client each quarter of a second, which says connect and leaves. */
class Probe {
  worstMs = 0;
  readonly #stage: Stage;
  readonly #port: number;
  #running = true;
  readonly #done: Promise<void>;

  constructor(stage: Stage, port: number) {
    this.#stage = stage;
    this.#port = port;
    this.#done = this.#run();
  }

  /** Whether a log line is about such a client: they all say so in their URL, or never got that far. */
  owns(line: string): boolean {
    return line.includes("probe") || /INFO {2}\[c\d+\] disconnected .*received=3\d{3} sent=3\d{3}\b/.test(line);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const began = performance.now();
      const client = await Client.connect(this.#stage, { port: this.#port, app: "probe" });
      this.worstMs = Math.max(this.worstMs, performance.now() - began);
      client.abort();
      await Bun.sleep(PROBE_MS);
    }
  }
}
