import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { PageWatch } from "./page-watch.ts";
import { startEncoder, startServer } from "./servers.ts";

/**
 * Pages that name two edges continue from the second one when the first is killed: live pages connect there, and with HLS the buffer
 * plays on meanwhile.
 */
export async function killedEdge({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const [first, second] = [await startServer(stage, "first"), await startServer(stage, "second")];
  const targets = [first, second].map(({ server }) => `"127.0.0.1:${server.port}"`);
  const origin = await startServer(stage, "origin", { vhost: `forward = [${targets.join(", ")}]` });
  startEncoder(stage, origin, "show", 0);
  for (const { server } of [first, second]) await server.program.line(/publish started/);
  const also = encodeURIComponent(`${second.origin}/live/show`);
  const watch = await PageWatch.open(stage, (way) => `${first.origin}/live/show?via=${way}&also=${also}`);
  await Bun.sleep((seconds * 1000) / 3);
  await first.server.program.kill();
  await Bun.sleep((seconds * 2000) / 3);
  const findings = await watch.findings("killed-edge", folder, { flv: 3000, ws: 3000, hls: 1000 });
  const viewers = second.server.program.count(/play started/);
  return [...findings, { what: "the other edge", ok: viewers >= 3, seen: `${viewers} plays` }];
}
