import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../../../src/base/log.ts";
import type { Dial } from "../../../src/base/transport.ts";
import { Registry } from "../../../src/features/registry/registry.ts";
import { redisOpener } from "../../../src/io/net/redis.ts";
import { systemClock } from "../../../src/io/os/clock.ts";
import type { NodeState } from "../../../src/live/ports/nodes.ts";
import type { Source } from "../../../src/live/source/source.ts";
import type { Stream } from "../../../src/live/stream.ts";
import { startRedis, type TestRedis } from "../../../tests/support/e2e/redis.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { scratchFolder } from "../../command.ts";
import type { Finding, ProofContext } from "../proof.ts";

const NODES = 50;
const STREAMS = 1000;
/** Number of keys: one for each stream, two for each node, and `nodes`, `revision` and `watch`. */
const KEYS = STREAMS + 2 * NODES + 3;
/** Connections of one node to Redis: commands, and hints. */
const MAX_COMMANDS = 10;

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent } as unknown as Log;
/** Nodes do not dial each other, as nothing listens at their addresses. */
const noDial: Dial = () => ({ abort() {} });

/**
 * The cost of 50 idle nodes with 1,000 streams, in this process and with a Redis of their own: each node renews its lease, reads the
 * others, and publishes its state again from time to time.
 */
export async function registryLoad({ seconds }: ProofContext): Promise<readonly Finding[]> {
  const folder = scratchFolder("srs-registry");
  mkdirSync(join(folder, "redis"));
  const redis = await startRedis(join(folder, "redis"));
  const nodes = Array.from({ length: NODES }, (_, at) => nodeOf(at, redis));
  try {
    for (const node of nodes) node.start();
    for (let at = 0; at < STREAMS; at++) publish(nodes[at % NODES] as Registry, at); // at % NODES is below their number
    await until("each node knows the others", () => nodes.every((node) => node.all().length === NODES - 1));
    await until("all streams are told", () => redis.cli("DBSIZE").trim() === String(KEYS));
    const before = measure(redis);
    await Bun.sleep(1000 * seconds);
    const after = measure(redis);
    const rate = (of: (at: Measured) => number) => (of(after) - of(before)) / (after.at - before.at);
    const commands = rate((at) => at.commands);
    const percent = (share: number) => `${(100 * share).toFixed(2)} % of a core`;
    const reports = nodes.flatMap((node) => node.report().registries ?? []);
    const lost = reports.reduce((sum, { refused, dropped }) => sum + refused + dropped, 0);
    const kept = redis.cli("DBSIZE").trim();
    return [
      {
        ...{ what: "commands that nodes send in a second", ok: commands < MAX_COMMANDS * NODES },
        seen: `${commands.toFixed(0)}, of one node ${(commands / NODES).toFixed(1)}`,
      },
      {
        ...{ what: "bytes to and from Redis in a second", ok: true },
        seen: `${kilobytes(rate((at) => at.received))} and ${kilobytes(rate((at) => at.sent))}`,
      },
      { what: "processor time of Redis", ok: true, seen: percent(rate((at) => at.redisCpu)) },
      { what: "processor time of one node", ok: true, seen: percent(rate((at) => at.nodeCpu) / NODES) },
      { what: "memory of Redis", ok: true, seen: kilobytes(after.memory) },
      { what: "commands that got lost", ok: lost === 0, seen: String(lost) },
      { what: "keys", ok: kept === String(KEYS), seen: kept },
    ];
  } finally {
    for (const node of nodes) node.stop();
    await redis.stop();
  }
}

function nodeOf(at: number, redis: TestRedis): Registry {
  const id = (0x1000 + at).toString(16);
  const load = { connections: 40, maxConnections: 1000, kbps: 100_000, maxKbps: 1_000_000, cpu: 0.2 };
  const link = {
    flow: "pull",
    running: 4,
    failing: 0,
    paused: 0,
    kbps: 8000,
    lagMs: undefined,
    error: undefined,
  } as const;
  const links = Array.from({ length: 5 }, (_, to) => ({ ...link, to: `10.0.1.${to}:1935` }));
  const state: NodeState = {
    ...{ id, version: "1.0.0", advertise: [`rtmp://10.0.0.${at}:1935`], zone: "z", weight: 100, draining: false },
    ...{ load, fetches: ["__defaultVhost__"], streams: new Map() },
    flow: { encoders: 20, viewers: 20, kbpsIn: 20_000, ageMs: 40, unhealthy: 0, links },
  };
  return new Registry({
    ...{ clock: systemClock, log: silent, nodeId: id, randomNumber: Math.random, dial: noDial },
    openRedis: redisOpener({ authorities: [] }),
    config: () => ({ registry: [redis.server], registry_prefix: "srs" }),
    // A node's load changes each time, by a few per cent of its capacity.
    self: () => ({ ...state, load: { ...load, kbps: Math.floor(1e5 + 4e4 * Math.random()) } }),
    onConflict: () => "reject",
    moved: () => undefined,
  });
}

/** Publishes a stream with a source, with only the fields that the registry reads. */
function publish(node: Registry, at: number): void {
  const stream = { key: `__defaultVhost__/live/stream${at}` } as Stream;
  const source = { info: { via: "client", hops: [] } } as unknown as Source;
  node.streams.published?.(stream, { vhost: "__defaultVhost__", app: "live", stream: `stream${at}` }, source);
}

interface Measured {
  /** s. */
  readonly at: number;
  readonly commands: number;
  readonly received: number;
  readonly sent: number;
  readonly redisCpu: number;
  readonly nodeCpu: number;
  readonly memory: number;
}

function measure(redis: TestRedis): Measured {
  const info = redis.cli("INFO", "everything");
  const of = (field: string) => Number(new RegExp(`^${field}:([0-9.]+)`, "m").exec(info)?.[1] ?? 0);
  // Commands that scripts call are not commands of a node.
  const sent = ["evalsha", "eval", "publish", "srandmember"];
  const calls = (command: string) => Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(info)?.[1] ?? 0);
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now() / 1000,
    commands: sent.reduce((sum, command) => sum + calls(command), 0),
    ...{ received: of("total_net_input_bytes"), sent: of("total_net_output_bytes"), memory: of("used_memory") },
    ...{ redisCpu: of("used_cpu_user") + of("used_cpu_sys"), nodeCpu: (user + system) / 1e6 },
  };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
