import { Recorder } from "../../../tests/support/e2e/recorder.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { BOTH, SOUND, startEngines, startSource } from "./engines.ts";

/** Minimum duration, s, for a slow FFmpeg's pipe to fill and the FFmpeg to be 5 s behind. */
const LEAST_SECONDS = 60;
/** Maximum gap of an undisturbed viewer on a busy machine, ms. */
const STILL_MS = 1000;

/** One engine's FFmpeg reads at half speed: the source, its viewers and another engine continue undisturbed, and the lag is reported. */
export async function halfSpeed({ seconds }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const slow = `${BOTH}perfile = "readrate 0.5"\n`;
  const server = await startEngines(stage, { slow, sound: SOUND });
  startSource(stage, server);
  await until("both engines run", () => server.program.count(/transcode running/) >= 2);
  const source = await Recorder.play(stage, server.port, "show");
  const other = await Recorder.play(stage, server.port, "sound_show", "out");
  const late = await Recorder.play(stage, server.port, "slow_show", "out");
  await Bun.sleep(2000);
  const from = performance.now();
  const [sourceAt, otherAt] = [newest(source), newest(other)];
  await Bun.sleep(Math.max(LEAST_SECONDS, seconds) * 1000);
  const lastedMs = performance.now() - from;
  const steady = (recorder: Recorder, at: number): Pick<Finding, "ok" | "seen"> => {
    const { pause, back } = recorder.seen(from);
    const playedMs = newest(recorder) - at;
    const ok = pause <= STILL_MS && back === 0 && Math.abs(playedMs - lastedMs) < STILL_MS;
    return { ok, seen: `${playedMs} ms in ${lastedMs.toFixed(0)} ms, longest gap ${pause} ms, ${back} steps back` };
  };
  const lags = server.program.lines.flatMap((line) => Number(/transcodes_lag_ms=(\d+)/.exec(line)?.[1] ?? 0));
  const skipped = server.program.lines.filter((line) => /transcode is too slow/.test(line)).length;
  const behindMs = newest(source) - newest(late);
  const { back } = late.seen(from);
  return [
    { what: "viewers of the source", ...steady(source, sourceAt) },
    { what: "viewers of another engine", ...steady(other, otherAt) },
    {
      what: "the slow engine",
      ok: Math.max(...lags) > 1000 && skipped > 0 && back === 0,
      seen: `a lag of ${Math.max(...lags)} ms is told, ${skipped} warnings; its result is ${behindMs} ms behind, ${back} steps back`,
    },
  ];
}

function newest({ packets }: Recorder): number {
  return packets.at(-1)?.timestamp ?? 0;
}
