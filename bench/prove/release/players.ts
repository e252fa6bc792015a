// Encoders and players of `srs bench`, as the proofs of a release use them.
import type { Subprocess } from "bun";
import { builtExecutable, owned } from "../../command.ts";
import type { Root } from "./root.ts";

const SECONDS = 10;

/** Players as the bench counts them; undefined what it did not come to. */
interface Players {
  readonly connected?: number;
  readonly failed?: number;
  readonly frames?: { readonly video: number };
  readonly lost?: { readonly video: number };
  readonly gaps?: number;
  readonly corrupt?: number;
}

/** What `srs bench play --json` said of its players. */
export function playersOf(text: string): Players {
  try {
    return (JSON.parse(text.slice(text.lastIndexOf("\n") + 1)) as { players: Players }).players;
  } catch {
    return {};
  }
}

/** Starts `srs bench` of this machine in a system's network. */
export function bench(root: Root, words: string): Subprocess<"ignore", "pipe", "ignore"> {
  const command = [...root.network, builtExecutable(), "bench", ...words.split(" ")];
  return owned(Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "ignore" }));
}

/** Whether one player gets a stream without a loss, and what was seen. */
export async function plays(root: Root, url: string): Promise<{ readonly ok: boolean; readonly seen: string }> {
  const player = bench(root, `play ${url} --seconds ${SECONDS} --json`);
  const { frames, lost } = playersOf((await player.stdout.text()).trim());
  const seen = `${frames?.video} frames in ${SECONDS} s, ${lost?.video} lost`;
  return { ok: (frames?.video ?? 0) > 0 && lost?.video === 0, seen };
}
