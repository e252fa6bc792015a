import { RegistryHistory } from "../../../tests/support/simulation/registry-history.ts";
import type { Finding, ProofContext } from "../proof.ts";

/** Each history lasts so long on its own clock, s, besides the time in which all is well again. */
const SECONDS = 60;
/** Failures that are printed; each can be run again by its seed. */
const MAX_SHOWN = 10;

/**
 * Histories of a cluster with a registry, another one for each seed, for as many minutes as there are. One takes about 55 ms of a processor:
 * a million of them take 15 hours where nothing else runs (--minutes 920).
 */
export async function histories({ minutes }: ProofContext): Promise<readonly Finding[]> {
  const until = performance.now() + minutes * 60_000;
  const failed: string[] = [];
  let seed = 0;
  while (performance.now() < until && failed.length < MAX_SHOWN) {
    const history = new RegistryHistory(++seed);
    await history.run(SECONDS);
    if (history.wrong.length > 0) failed.push(`seed ${seed}: ${history.wrong[0]}`);
  }
  const seen = [`${seed} histories`, ...failed].join("\n       ");
  return [{ what: "viewers play, streams have one owner, nothing stays", ok: failed.length === 0, seen }];
}
