import { silentLog } from "../../src/base/log.ts";
import type { Dial } from "../../src/base/transport.ts";
import { RtmpServer } from "../../src/features/rtmp/server.ts";
import type { AccessRequest, GuardResult } from "../../src/live/ports/access.ts";
import type { Clients } from "../../src/live/ports/clients.ts";
import { ConnectionServers } from "../../src/live/ports/connection-servers.ts";
import { Streams } from "../../src/live/streams.ts";
import { Bench } from "../../src/loadgen/bench.ts";
import type { BenchPlan, PlayPlan, PublishPlan } from "../../src/loadgen/plan.ts";
import type { Progress } from "../../src/loadgen/progress.ts";
import type { BenchReport } from "../../src/loadgen/report.ts";
import { BenchUrl } from "../../src/loadgen/url.ts";
import { WallTime } from "../../src/loadgen/wall-time.ts";
import { RtmpFormats } from "../../src/rtmp/format.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { epochIds } from "./epoch-ids.ts";
import { FakeClock } from "./fake-clock.ts";
import { rethrow } from "./faults.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { openAccount, openDoor } from "./open-door.ts";
import { vhostDefaults } from "./rtmp-stage.ts";

const STEP_MS = 5;

/** A bench and a server in memory, on a fake clock. */
export class BenchStage {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly streams = new Streams(this.clock, rethrow, epochIds());
  readonly clients: Clients;
  readonly progress: Progress[] = [];
  /** What a guard of the server says. */
  access: (request: AccessRequest) => GuardResult = () => undefined;

  constructor(maxConnections = 100) {
    this.clock.spend(1000);
    const find = (name: string) => ({ name, config: vhostDefaults });
    const context = {
      clock: this.clock,
      log: silentLog,
      streams: this.streams,
      formats: new RtmpFormats(),
      limits: defaultLimits,
      random: (into: Uint8Array) => into.fill(3),
      ...openDoor(this.clock, silentLog, {
        connections: openAccount(maxConnections),
        vhosts: { find, named: find },
        guards: [{ name: "access", check: (request) => this.access(request) }],
      }),
      identity: { srs_server: "srs/test" },
      chunkSize: 60000,
    };
    this.clients = context.clients;
    const { clock, refusals, entry } = context;
    const server = new RtmpServer(context);
    const options = { clock, log: silentLog, refusals, account: entry.connections, servers: [server] };
    const connections = new ConnectionServers(options);
    this.network.listen({ host: "::", port: 1935 }, (remote) => connections.accept("rtmp", remote));
  }

  /** A run that has not begun. */
  bench(plan: Partial<BenchPlan>, dial: Dial = this.network.dial): Bench {
    let seed = 0;
    const random = (into: Uint8Array) => into.fill(++seed);
    const context = { clock: this.clock, wall: new WallTime(this.clock), dial, random, limits: defaultLimits };
    const whole = { command: "play", play: undefined, publish: undefined, seconds: 4, rate: 100, ...plan } as const;
    return new Bench(context, whole, { cpuSeconds: () => 0, progress: (one) => this.progress.push(one) });
  }

  /** Runs to the end; `meanwhile` is called as time passes, with the ms since the beginning. */
  async run(bench: Bench, meanwhile: (ms: number) => void = () => {}): Promise<BenchReport> {
    let report: BenchReport | undefined;
    const done = bench.run().then((result) => {
      report = result;
    });
    for (let ms = 0; report === undefined; ms += STEP_MS) {
      if (ms > 120_000) throw new Error("the bench does not end");
      this.clock.advance(STEP_MS);
      meanwhile(ms);
      await Promise.resolve();
    }
    await done;
    return report;
  }
}

/** So many players of a stream. */
export function playing(count: number, url = "rtmp://10.0.0.1/live/show"): PlayPlan {
  return { url: new BenchUrl(url), count, checked: count };
}

/** So many publishers. */
export function publishing(count: number, url = "rtmp://10.0.0.1/live/show"): PublishPlan {
  const one = new BenchUrl(url);
  return { url: count > 1 ? one.forMany() : one, count, content: { kbps: 600, fps: 25, gopSeconds: 2 } };
}
