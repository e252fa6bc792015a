import { ConsoleCluster } from "../../../tests/support/e2e/console-cluster.ts";
import { otherVersion, UpgradableServer } from "../../../tests/support/e2e/other-version.ts";
import type { ConsolePage } from "../../../tests/support/e2e/page/console-page.ts";
import { httpPort } from "../../../tests/support/e2e/raw-http.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { openConsole, timeOf, within, withoutErrors } from "./consoles.ts";

/** A console requests its session every 5 s; one more second for a busy machine. */
const SESSION_LIMIT_MS = 6000;
/** A console requests the picture each second. */
const PICTURE_LIMIT_MS = 3000;

/** The server behind an open console is restarted, and its user's role changes and changes back. */
export async function changesBehind({ seconds }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const cluster = await ConsoleCluster.start(stage, true);
  const console = await openConsole(stage, cluster.consoleOf("origin"));
  await console.signIn("ops", "for all of it");
  await console.shows(".box.node", "This server alive");
  const times = { lost: [] as number[], back: [] as number[], less: [] as number[], more: [] as number[] };
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    times.lost.push(
      await timeOf(async () => {
        await cluster.of("origin").program.kill();
        await console.shows(".standing", "has not answered since");
      }),
    );
    await cluster.start("origin");
    times.back.push(await timeOf(() => console.hides(".standing", "has not answered since")));
    await cluster.mayChange(false);
    times.less.push(await timeOf(() => console.shows(".who", "may only see")));
    await cluster.mayChange(true);
    times.more.push(await timeOf(() => console.shows(".who", "may change")));
  }
  return [
    within("a server that is killed is told of", times.lost, PICTURE_LIMIT_MS),
    within("the console goes on when the server is started again", times.back, PICTURE_LIMIT_MS),
    within("a role that is taken away takes the buttons", times.less, SESSION_LIMIT_MS),
    within("a role that is given gives them", times.more, SESSION_LIMIT_MS),
    withoutErrors([console]),
  ];
}

/** The server behind an open console is upgraded to another version: the console has no outage, and shows the new version. */
export async function upgradeBehind({ folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const upgraded = await UpgradableServer.start(stage, 'http_api.listen = "127.0.0.1:0"', "upgraded");
  const url = `http://127.0.0.1:${await httpPort(upgraded.server.program, "api")}/console/`;
  const console = await openConsole(stage, url);
  await console.shows(".box.node", "This server alive");
  await watchOutages(console);
  await upgraded.upgrade();
  const told = await timeOf(() => console.shows(".standing", `another version now (${otherVersion})`));
  await console.page.screenshot({ path: `${folder}/control-upgrade.png` });
  const outages = await console.page.evaluate("globalThis.outages");
  await console.loadAgain();
  await console.hides(".standing", "another version");
  await console.shows(".box.node", "This server alive");
  return [
    { what: "times the server did not answer while it was upgraded", ok: outages === 0, seen: String(outages) },
    within("the console tells of the other version", [told], SESSION_LIMIT_MS),
    withoutErrors([console]),
  ];
}

/** Counts how often the console says that its server does not answer. */
async function watchOutages({ page }: ConsolePage): Promise<void> {
  await page.evaluate(`{
    globalThis.outages = 0;
    const bar = document.querySelector(".standing");
    new MutationObserver(() => { if (bar.querySelector(".bad") !== null) globalThis.outages++; }).observe(bar, { childList: true, subtree: true });
  }`);
}
