// `npm run compare`: this server beside the peers that are installed, in one run, written to docs/performance.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { builtExecutable, positive, runCommand, scratchFolder } from "../command.ts";
import { type Case, cases, type Row } from "./cases.ts";
import { compile, hasNginx } from "./servers.ts";

const ROOT = join(import.meta.dir, "../..");
const DOCUMENT = join(ROOT, "docs/performance.md");
/** This command writes the text between these lines; the rest of the document is written by hand. */
const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

const USAGE = `npm run compare -- [--seconds S] [--only TEXT [--write]]

Measures dist/srs beside nginx-rtmp and the ideal sender (bench/ideal.c), where these can be had, and writes the tables of
docs/performance.md. With --only, the cases whose titles contain TEXT are measured and printed; with --write, their tables
replace those of the same titles. The cases:

${cases.map(({ title }) => `  ${title}`).join("\n")}`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "20" },
      only: { type: "string", default: "" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const seconds = positive("--seconds", values.seconds);
  const chosen = cases.filter(({ title }) => title.includes(values.only));
  if (chosen.length === 0) throw new Error(`no case's title contains "${values.only}"; --help lists them`);
  const executable = builtExecutable();
  const folder = scratchFolder("srs-compare");
  const [ideal, slow] = [compile(folder, "ideal"), compile(folder, "slow")];
  const parts: string[] = [];
  for (const one of chosen) {
    console.log(`\n${one.title}`);
    const part = section(one, await one.run({ executable, ideal, slow, folder, seconds }));
    console.log(part.slice(part.indexOf("|")));
    parts.push(part);
    if (values.only !== "" && values.write) replace(part, executable);
  }
  if (values.only === "") write([machine(executable), ...parts].join("\n\n"));
  return 0;
});

function section({ title, text, head }: Case, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(" | ")} |`;
  return [`### ${title}`, "", text, "", line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function versionOf(executable: string): string {
  return Bun.spawnSync([executable, "--version"]).stdout.toString().trim();
}

function machine(executable: string): string {
  const [cpu] = cpus();
  const run = (argv: string[]) => Bun.spawnSync(argv, { stderr: "pipe" });
  const nginx = hasNginx()
    ? `, ${run(["nginx", "-v"]).stderr.toString().trim().replace("nginx version: ", "")} with its RTMP module`
    : "";
  return [
    `Measured on ${today()} by \`npm run build && npm run compare\`:`,
    `${versionOf(executable)}, Bun ${Bun.version}${nginx};`,
    `${cpus().length} × ${cpu?.model ?? "unknown"}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}. Servers and load`,
    "generator share the machine and talk over loopback. CPU is a percentage of one core.",
  ].join("\n");
}

/** Replaces one case's table, or adds it after the others, with a note that it is from another run. */
function replace(part: string, executable: string): void {
  const old = readFileSync(DOCUMENT, "utf8").split(BEGIN)[1]?.split(END)[0]?.trim() ?? "";
  const heading = part.slice(0, part.indexOf("\n"));
  const kept = old.split(/\n\n(?=### )/);
  const at = kept.findIndex((each) => each.startsWith(`${heading}\n`));
  const apart = `Measured by itself on ${today()}: ${versionOf(executable)}.`;
  kept.splice(at < 0 ? kept.length : at, at < 0 ? 0 : 1, `${part}\n\n${apart}`);
  write(kept.join("\n\n"));
}

function write(measured: string): void {
  const text = readFileSync(DOCUMENT, "utf8");
  const [before] = text.split(BEGIN);
  const after = text.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has no lines ${BEGIN} and ${END}`);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${measured}\n\n${END}${after}`);
  console.log(`\nwritten to ${DOCUMENT}`);
}
