import { readFileSync } from "node:fs";
import { ClockEncoder } from "../../../tests/support/e2e/page/clock-encoder.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { PageWatch } from "../http/page-watch.ts";
import { fetchesFrom, type HttpServer, startServer } from "../http/servers.ts";
import type { Finding, ProofContext } from "../proof.ts";

const LOW_LATENCY = "hls_low_latency = true";
const STANDBY = '[vhost.__defaultVhost__.publish]\non_conflict = "standby"\nswitch_after = 1000';
/** Maximum delay from the encoder to the screen, ms. */
const LATE_MS = 2000;
/** How long the age of pictures is measured at the end, s. */
const LOOK_S = 10;

/** An origin, an edge, and a page of that edge which plays low-latency HLS. */
interface Scene {
  readonly origin: HttpServer;
  readonly edge: HttpServer;
  readonly watch: PageWatch;
  /** Begins to publish the stream with a clock in its pictures. */
  encode(): ClockEncoder;
}

async function begin(stage: Stage, tables = ""): Promise<Scene & { readonly encoder: ClockEncoder }> {
  const origin = await startServer(stage, "origin", { hls: LOW_LATENCY, tables });
  const edge = await startServer(stage, "edge", { hls: LOW_LATENCY, tables: fetchesFrom(origin) });
  const encode = () => new ClockEncoder(stage, origin.server.url("live/show"), 50);
  const encoder = encode();
  await origin.server.program.line(/publish started/);
  const watch = await PageWatch.open(stage, (way) => `${edge.origin}/live/show?via=${way}`, ["hls"]);
  return { origin, edge, watch, encode, encoder };
}

/** The findings: how long the picture stood still, and its age at the end. */
async function end(scene: Scene, proof: string, folder: string, stillMs: number): Promise<Finding[]> {
  const found = await scene.watch.findings(proof, folder, { hls: stillMs });
  const ages = await scene.watch.ages(LOOK_S);
  const [p50 = Number.NaN, p95 = Number.NaN] = [0.5, 0.95].map((share) => ages[Math.floor(share * ages.length)]);
  const seen = `half of the pictures are younger than ${p50} ms, 95 % than ${p95} ms`;
  return [...found, { what: "from the encoder to the screen", ok: p95 < LATE_MS, seen }];
}

/** A page plays for a minute, and nothing stalls. */
export async function lowLatencyMinute({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const scene = await begin(stage);
  await Bun.sleep(seconds * 1000);
  return await end(scene, "low-latency", folder, 1000);
}

/** The encoder is killed and started again, twice: the picture stands still while it is away, and is as young as before afterwards. */
export async function lowLatencyRestarts({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const scene = await begin(stage);
  let { encoder } = scene;
  for (let times = 0; times < 2; times++) {
    await Bun.sleep((seconds * 1000) / 3);
    await encoder.stop();
    encoder = scene.encode();
  }
  await Bun.sleep((seconds * 1000) / 3);
  return await end(scene, "low-latency-restarts", folder, 6000);
}

/** One of two encoders is killed: the standby takes over within `switch_after` and a GOP. */
export async function lowLatencyStandby({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const scene = await begin(stage, STANDBY);
  scene.encode();
  await scene.origin.server.program.line(/standby=true/);
  await Bun.sleep((seconds * 1000) / 2);
  await scene.encoder.stop();
  await Bun.sleep((seconds * 1000) / 2);
  return await end(scene, "low-latency-standby", folder, 4000);
}

/** The edge is upgraded while the page plays. */
export async function lowLatencyUpgrade({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const scene = await begin(stage);
  await Bun.sleep((seconds * 1000) / 3);
  const { exitCode, out, err } = await scene.edge.server.run("upgrade");
  const next = Number(readFileSync(stage.path("edge.pid"), "utf8"));
  stage.defer(() => {
    if (next > 1) process.kill(next, "SIGKILL");
  });
  await Bun.sleep((seconds * 2000) / 3);
  const found = await end(scene, "low-latency-upgrade", folder, 4000);
  return [{ what: "the upgrade", ok: exitCode === 0, seen: (out || err).trim() }, ...found];
}
