// Encoders and players of `srs bench` for the proofs of a release.
import type { Subprocess } from "bun";
import { builtExecutable, owned } from "../../command.ts";
import type { Root } from "./root.ts";

const SECONDS = 10;

/** The bench's report of its players; missing figures are undefined. */
interface Players {
  readonly connected?: number;
  readonly failed?: number;
  readonly frames?: { readonly video: number };
  readonly lost?: { readonly video: number };
  readonly gaps?: number;
  readonly corrupt?: number;
}

/** Reads the players' report in the output of `srs bench play --json`. */
export function playersOf(text: string): Players {
  try {
    return (JSON.parse(text.slice(text.lastIndexOf("\n") + 1)) as { players: Players }).players;
  } catch {
    return {};
  }
}

/** Starts this machine's `srs bench` in a system's network. */
export function bench(root: Root, words: string): Subprocess<"ignore", "pipe", "ignore"> {
  const command = [...root.network, builtExecutable(), "bench", ...words.split(" ")];
  return owned(Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "ignore" }));
}

/** Whether one player gets a stream without a loss, with its figures. */
export async function plays(root: Root, url: string): Promise<{ readonly ok: boolean; readonly seen: string }> {
  const player = bench(root, `play ${url} --seconds ${SECONDS} --json`);
  const { frames, lost } = playersOf((await player.stdout.text()).trim());
  const seen = `${frames?.video} frames in ${SECONDS} s, ${lost?.video} lost`;
  return { ok: (frames?.video ?? 0) > 0 && lost?.video === 0, seen };
}
