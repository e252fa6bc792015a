import { crowdCluster, DirectorCrowd, kinds } from "../../../tests/support/e2e/director-crowd.ts";
import { DirectorNodes } from "../../../tests/support/e2e/director-nodes.ts";
import { executable } from "../../../tests/support/e2e/executable.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { PageWatch } from "../http/page-watch.ts";
import type { Finding, ProofContext } from "../proof.ts";

const PLAYERS = 200;
/** Maximum time until players play from another edge, ms. */
const LIMIT_MS = 5000;

/** 200 players of every kind and a page use one address. When the page's edge is killed, they soon play from another one. */
export async function killedUnderCrowd({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const nodes = await DirectorNodes.start(stage, crowdCluster);
  const encoder = ["--seconds", "600", "--gop", "1", "--kbps", "200"];
  const { server } = nodes.of("origin");
  stage.start("encoder", [executable(), "bench", "publish", server.url("live/show"), ...encoder]);
  await nodes.streams("front", ["origin"]);
  const page = await PageWatch.open(stage, (way) => `${nodes.of("front").http}/live/show?via=${way}`, ["flv"]);
  const before = await DirectorCrowd.counts(nodes);
  const [edge = ""] = Object.entries(before).find(([, count]) => count > 0) ?? [];
  const crowd = new DirectorCrowd(stage, nodes, PLAYERS / kinds.length);
  const counts = await crowd.playing(1);
  await Bun.sleep((seconds * 1000) / 4);
  await nodes.of(edge).server.program.kill();
  await crowd.playing(1);
  await Bun.sleep((seconds * 1000) / 4);
  const reports = await crowd.reports();
  const findings = kinds.map((kind): Finding => {
    const { failed = PLAYERS, reconnects } = reports.get(kind) ?? {};
    const { count = 0, outage_ms } = reconnects ?? {};
    const wasHit = kind === "ws" ? count === 0 : count > 0;
    const seen = `${count} came back, after ${outage_ms?.p50 ?? 0} ms in the median and ${outage_ms?.max ?? 0} ms at most; ${failed} failed`;
    return { what: kind, ok: wasHit && failed === 0 && (outage_ms?.max ?? 0) <= LIMIT_MS, seen };
  });
  const spread = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  const ofPage = await page.findings("director", folder, { flv: LIMIT_MS });
  return [
    { what: "players at each edge", ok: true, seen: `${spread.join(", ")}; ${edge} is killed` },
    ...findings,
    ...ofPage.map((found) => ({ ...found, what: "page" })),
  ];
}
