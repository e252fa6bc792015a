import type { Findings } from "./findings.ts";
import { playersOf } from "./players.ts";
import type { Root } from "./root.ts";

const STREAM = "rtmp://127.0.0.1/live/show";
const PLAYERS = 5;
/** How long players watch, s: an upgrade takes a few seconds, and more on a busy machine. */
const SECONDS = 20;

/** Lets players watch a stream while the server is changed: none may lose a frame or its connection. */
export async function watchAcross(
  root: Root,
  found: Findings,
  what: string,
  change: () => Promise<void>,
): Promise<void> {
  // Players run a copy of the program, as the change replaces the installed one.
  await root.run("cp /usr/bin/srs /opt/watch");
  const bench = (words: string) => `/opt/watch bench ${words}`;
  const begin = `${bench(`publish ${STREAM} --seconds 600`)} > /opt/publish.log 2>&1 &
for i in $(seq 100); do ${bench(`play ${STREAM} --seconds 1`)} > /dev/null 2>&1 && break; sleep 0.2; done`;
  await root.run(begin);
  const watched = root.run(bench(`play ${STREAM} --count ${PLAYERS} --seconds ${SECONDS} --json`));
  await Bun.sleep(1000);
  await change();
  const { status, said } = await watched;
  const { connected, failed, lost, gaps, corrupt } = playersOf(said);
  const seen = `${connected} players for ${SECONDS} s, ${lost?.video} frames lost, ${gaps} gaps, ${corrupt} corrupt`;
  const ok = connected === PLAYERS && failed === 0 && lost?.video === 0 && gaps === 0 && corrupt === 0;
  found.add(what, ok, { status, said: ok ? seen : `${seen}: ${said}` });
}
