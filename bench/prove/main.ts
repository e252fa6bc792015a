// `npm run prove -- TOPIC`: proofs about the executable that take too long for the gate.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../../src/base/errors.ts";
import { builtExecutable, positive, runCommand, scratchFolder } from "../command.ts";
import { descendantsOf } from "../compare/usage.ts";
import { topics } from "./list.ts";
import type { Proof, ProofContext } from "./proof.ts";

const USAGE = `npm run prove -- TOPIC [--minutes M] [--only TEXT] [--from SEED] [--to SEED] [--processes N]

Runs the proofs of a topic on dist/srs, prints each finding with its verdict, and ends with 1 when one has failed. Screenshots are
in dist/prove/. --minutes is how long the proof that runs beside the others watches (12); with less than 8 the others are shorter
than a minute each. --only leaves out the proofs whose names don't contain TEXT. --from and --to are the seeds of the registry's histories,
which otherwise begin with 1 and take --minutes; they run in --processes, by default one for each processor. The topics:

${Object.entries(topics)
  .map(([topic, proofs]) => `  ${topic}\n${proofs.map(({ name }) => `    ${name}`).join("\n")}`)
  .join("\n")}`;

const FOLDER = join(import.meta.dir, "../../dist/prove");
/** How long a proof watches, s, and the minimum. */
const SECONDS = 60;
const LEAST_SECONDS = 20;
/** With at least this many minutes, no proof is shortened. */
const FULL_MINUTES = 8;

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: "string", default: "12" },
      only: { type: "string", default: "" },
      from: { type: "string", default: "1" },
      to: { type: "string" },
      processes: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [topic = ""] = positionals;
  const proofs = topics[topic]?.filter(({ name }) => name.includes(values.only));
  if (proofs === undefined) throw new Error(`there is no topic "${topic}"; --help lists them`);
  if (proofs.length === 0) throw new Error(`no proof's name contains "${values.only}"; --help lists them`);
  const minutes = positive("--minutes", values.minutes);
  const seconds = Math.max(LEAST_SECONDS, Math.round(SECONDS * Math.min(1, minutes / FULL_MINUTES)));
  process.env.E2E_EXECUTABLE = builtExecutable();
  // Files and processes of proofs are removed when this process ends.
  process.env.TMPDIR = scratchFolder("srs-prove");
  process.once("exit", () => {
    for (const pid of descendantsOf(process.pid)) process.kill(pid, "SIGKILL");
  });
  mkdirSync(FOLDER, { recursive: true });
  const from = positive("--from", values.from);
  const to = values.to === undefined ? Number.POSITIVE_INFINITY : positive("--to", values.to);
  const processes = values.processes === undefined ? undefined : positive("--processes", values.processes);
  return prove(proofs, { minutes, seconds, from, to, processes, folder: FOLDER });
});

async function prove(proofs: readonly Proof[], context: ProofContext): Promise<number> {
  let failed = 0;
  const run = async (proof: Proof) => {
    console.log(`begins ${proof.name}`);
    const lines = await proof
      .run(context)
      .catch((error: unknown) => [{ what: "it did not come to its end", ok: false, seen: messageOf(error) }]);
    for (const { what, ok, seen } of lines) {
      console.log(`${ok ? "ok    " : "FAILED"} ${proof.name}: ${what}: ${seen}`);
      if (!ok) failed++;
    }
  };
  const beside = proofs.filter((proof) => proof.beside === true).map(run);
  for (const proof of proofs) if (proof.beside !== true) await run(proof);
  await Promise.all(beside);
  console.log(failed === 0 ? "all proofs hold" : `${failed} findings failed`);
  return failed === 0 ? 0 : 1;
}
