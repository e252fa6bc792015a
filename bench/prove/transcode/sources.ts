import { Recorder } from "../../../tests/support/e2e/recorder.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { ffmpegsOf, isRunning } from "../../../tests/support/e2e/transcode.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { BOTH, SOUND, startEngines, startSource } from "./engines.ts";

const STANDBY = '[vhost.__defaultVhost__.publish]\non_conflict = "standby"\nswitch_after = 1000\n';
/** Maximum gap: the outage of a source, a GOP and FFmpeg's buffer, on a busy machine. */
const LIMIT_MS = 8000;

/** The source is killed and comes back, and is killed beside a standby; finally the server is killed. */
export async function sourcesChange({ seconds }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const server = await startEngines(stage, { both: BOTH, sound: SOUND }, STANDBY);
  const first = startSource(stage, server);
  await until("both engines run", () => server.program.count(/transcode running/) >= 2);
  const recorder = await Recorder.play(stage, server.port, "both_show", "out");
  const rest = () => Bun.sleep((seconds * 1000) / 4);
  await rest();
  const findings: Finding[] = [];
  const pids = () => ffmpegsOf(server.program.pid).toSorted().join(" ");
  const before = pids();
  const watch = async (what: string, change: () => Promise<void>) => {
    const from = performance.now();
    await change();
    await rest();
    const { pause, back } = recorder.seen(from);
    const same = pids() === before;
    const seen = `longest gap ${pause} ms, ${back} steps back, ${same ? "the same FFmpegs" : "other FFmpegs"}`;
    findings.push({ what, ok: pause <= LIMIT_MS && back === 0 && same, seen });
  };
  let active = first;
  await watch("the source is killed and restarted", async () => {
    await first.kill();
    active = startSource(stage, server, "show", "restarted");
    await until("it is back", () => server.program.count(/publish started/) === 2);
  });
  await watch("another source stands by", async () => {
    startSource(stage, server, "show", "standby");
    await server.program.line(/standby=true/);
  });
  await watch("the source stops, the standby takes over", async () => {
    active.signal("SIGSTOP");
    await server.program.line(/source switched/);
  });
  const running = ffmpegsOf(server.program.pid);
  const from = performance.now();
  process.kill(server.program.pid, "SIGKILL");
  await until("no FFmpeg is left", () => !running.some(isRunning));
  const tookMs = Math.round(performance.now() - from);
  findings.push({
    what: "the server is killed",
    ok: running.length === 2,
    seen: `${running.length} FFmpegs gone ${tookMs} ms later`,
  });
  return findings;
}
