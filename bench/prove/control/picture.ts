import { ConsoleCluster } from "../../../tests/support/e2e/console-cluster.ts";
import { sendGop } from "../../../tests/support/e2e/reload/server.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { openConsole, timeOf, within, withoutErrors } from "./consoles.ts";

/** Maximum time until the picture shows that an edge is away, or back, ms. */
const LIMIT_MS = 3000;

/** Edges are killed and restarted, or paused and resumed, one after the other: the picture of another node shows each change. */
export async function pictureFollows({ seconds, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const cluster = await ConsoleCluster.start(stage);
  sendGop(await cluster.of("origin").publish(), 0, 5);
  const console = await openConsole(stage, cluster.consoleOf("origin"));
  await console.shows(".box.node", "This server alive");
  const [dead, back, stopped, goesOn]: [number[], number[], number[], number[]] = [[], [], [], []];
  const end = performance.now() + seconds * 1000;
  for (let round = 0; performance.now() < end; round++) {
    const edge = ["a", "b", "c", "d"][round % 4] ?? "a";
    const name = `127.0.0.1:${cluster.of(edge).port}`;
    await console.shows(".box.node.alive", name);
    // Varies the moment within the second in which nodes ask each other.
    await Bun.sleep((round * 137) % 1000);
    dead.push(
      await timeOf(async () => {
        await cluster.of(edge).program.kill();
        await console.shows(".box.node.dead", name);
      }),
    );
    if (round === 0) await console.page.screenshot({ path: `${folder}/control-dead.png`, fullPage: true });
    await cluster.start(edge);
    back.push(await timeOf(() => console.shows(".box.node.alive", name)));
    await Bun.sleep((round * 271) % 1000);
    stopped.push(
      await timeOf(async () => {
        cluster.of(edge).program.signal("SIGSTOP");
        await console.shows(".box.node.dead", name);
      }),
    );
    goesOn.push(
      await timeOf(async () => {
        cluster.of(edge).program.signal("SIGCONT");
        await console.shows(".box.node.alive", name);
      }),
    );
  }
  return [
    within("an edge that is killed is shown as dead", dead, LIMIT_MS),
    within("an edge that starts again is shown as alive", back, LIMIT_MS),
    within("an edge that is stopped is shown as dead", stopped, LIMIT_MS),
    within("an edge that goes on is shown as alive", goesOn, LIMIT_MS),
    withoutErrors([console]),
  ];
}
