import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { PageWatch } from "./page-watch.ts";
import { fetchesFrom, startEncoder, startServer } from "./servers.ts";

const STANDBY = '[vhost.__defaultVhost__.publish]\non_conflict = "standby"\nswitch_after = 1000';

/**
 * One of two encoders is killed, another falls silent: the standby's pictures follow within `switch_after` and a GOP. Live pages stand
 * still for that time, pages with HLS do not.
 */
export async function standbyTakesOver({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const origin = await startServer(stage, "origin", { tables: STANDBY });
  const edge = await startServer(stage, "edge", { tables: fetchesFrom(origin) });
  const first = startEncoder(stage, origin, "show", 0);
  await origin.server.program.line(/publish started/);
  const second = startEncoder(stage, origin, "show", 1);
  await origin.server.program.line(/standby=true/);
  const watch = await PageWatch.open(stage, (way) => `${edge.origin}/live/show?via=${way}`);
  await Bun.sleep((seconds * 1000) / 3);
  await first.kill();
  startEncoder(stage, origin, "show", 2);
  await Bun.sleep((seconds * 1000) / 3);
  second.signal("SIGSTOP");
  await Bun.sleep((seconds * 1000) / 3);
  const findings = await watch.findings("standby", folder, { flv: 4000, ws: 4000, hls: 1000 });
  const switches = origin.server.program.count(/source switched/);
  return [...findings, { what: "the origin", ok: switches === 2, seen: `switched ${switches} times` }];
}
