import { Recorder } from "../../../tests/support/e2e/recorder.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { ffmpegsOf } from "../../../tests/support/e2e/transcode.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { BOTH, SOUND, startEngines, startSource } from "./engines.ts";

const KILLS = 10;
/** Maximum gap: the server waits up to 5 s before a restart, and a busy machine and a GOP add to that. */
const LIMIT_MS = 8000;

/** The FFmpeg of an engine with viewers is killed ten times, with an engine for both tracks, and with one for the sound alone. */
export async function killedFfmpeg({ seconds }: ProofContext): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, keys] of Object.entries({ both: BOTH, sound: SOUND })) {
    await using stage = new Stage();
    const server = await startEngines(stage, { [name]: keys });
    startSource(stage, server);
    const running = (count: number) =>
      until(`FFmpeg runs for the ${count}. time`, () => server.program.count(/transcode running/) >= count);
    await running(1);
    const recorder = await Recorder.play(stage, server.port, `${name}_show`, "out");
    await Bun.sleep(2000);
    const from = performance.now();
    for (let kill = 1; kill <= KILLS; kill++) {
      for (const pid of ffmpegsOf(server.program.pid)) process.kill(pid, "SIGKILL");
      await running(kill + 1);
      await Bun.sleep(Math.max(1500, (seconds * 1000) / KILLS));
    }
    const { pause, picturePause, pictureStep, soundStep, back } = recorder.seen(from);
    const left = ffmpegsOf(server.program.pid).length;
    const gaps = `longest gap ${pause} ms, of pictures ${picturePause} ms; longest step of pictures' times ${pictureStep} ms, of sound's ${soundStep} ms`;
    const ok = Math.max(pause, picturePause) <= LIMIT_MS && back === 0 && left === 1;
    findings.push({ what: `viewers of ${name}`, ok, seen: `${gaps}; ${back} steps back; ${left} FFmpeg at the end` });
  }
  return findings;
}
