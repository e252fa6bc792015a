import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { PageWatch } from "./page-watch.ts";
import { fetchesFrom, startEncoder, startServer } from "./servers.ts";

/**
 * The encoder is killed and restarted, twice. Live pages stand still while it is away, and until the next key frame; with HLS, the
 * buffer lasts longer than that.
 */
export async function encoderRestarts({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const origin = await startServer(stage, "origin");
  const edge = await startServer(stage, "edge", { tables: fetchesFrom(origin) });
  let encoder = startEncoder(stage, origin, "show", 0);
  await origin.server.program.line(/publish started/);
  const watch = await PageWatch.open(stage, (way) => `${edge.origin}/live/show?via=${way}`);
  for (const number of [1, 2]) {
    await Bun.sleep((seconds * 1000) / 3);
    await encoder.kill();
    encoder = startEncoder(stage, origin, "show", number);
  }
  await Bun.sleep((seconds * 1000) / 3);
  // Awaited here: the stage ends with this function.
  return await watch.findings("encoder-restarts", folder, { flv: 5000, ws: 5000, hls: 1000 });
}
