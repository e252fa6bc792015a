import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { forAllWays, PageWatch } from "./page-watch.ts";
import { fetchesFrom, startEncoder, startServer } from "./servers.ts";

/** Pages of an edge play for a minute, and nothing stalls. */
export async function plainMinute({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const origin = await startServer(stage, "origin");
  const edge = await startServer(stage, "edge", { tables: fetchesFrom(origin) });
  startEncoder(stage, origin, "show", 0);
  await origin.server.program.line(/publish started/);
  const watch = await PageWatch.open(stage, (way) => `${edge.origin}/live/show?via=${way}`);
  await Bun.sleep(seconds * 1000);
  // Awaited here: the stage ends with this function.
  return await watch.findings("undisturbed", folder, forAllWays(1000));
}
