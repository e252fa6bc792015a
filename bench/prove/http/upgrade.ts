import { readFileSync } from "node:fs";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { forAllWays, PageWatch } from "./page-watch.ts";
import { fetchesFrom, startEncoder, startServer } from "./servers.ts";

/** The edge that pages play from is upgraded: live pages stay connected to the old process, HLS continues from the new one. */
export async function upgradeUnderneath({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const origin = await startServer(stage, "origin");
  const edge = await startServer(stage, "edge", { tables: fetchesFrom(origin) });
  startEncoder(stage, origin, "show", 0);
  await origin.server.program.line(/publish started/);
  const watch = await PageWatch.open(stage, (way) => `${edge.origin}/live/show?via=${way}`);
  await Bun.sleep((seconds * 1000) / 3);
  const { exitCode, out, err } = await edge.server.run("upgrade");
  const next = Number(readFileSync(stage.path("edge.pid"), "utf8"));
  const end = () => {
    if (next > 1) process.kill(next, "SIGKILL");
  };
  stage.defer(end);
  await Bun.sleep((seconds * 2000) / 3);
  const findings = await watch.findings("upgrade", folder, forAllWays(1000));
  return [{ what: "the upgrade", ok: exitCode === 0, seen: (out || err).trim() }, ...findings];
}
