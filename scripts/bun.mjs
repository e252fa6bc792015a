// Runs this project's own Bun with the arguments given, so that Node alone is enough to begin:
//   node scripts/bun.mjs build.ts
// npm leaves a stub in Bun's place when it did not run install scripts (`--ignore-scripts`, or its policy);
// then Bun's own install step is run here, once.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const packageDir = fileURLToPath(new URL("../node_modules/bun", import.meta.url));
const executable = `${packageDir}/bin/bun.exe`; // named so on every system

function fail(message) {
  console.error(message);
  process.exit(1);
}

const works = () => spawnSync(executable, ["--version"], { stdio: "ignore" }).status === 0;

if (!existsSync(packageDir)) fail("The packages are not installed yet: run `npm ci` first.");
if (!works()) {
  spawnSync(process.execPath, ["install.js"], { cwd: packageDir, stdio: ["ignore", "ignore", "inherit"] });
  if (!works()) fail("Bun does not run on this machine: `npm ci` should have installed it in node_modules/bun.");
}

const child = spawn(executable, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => fail(`Bun could not be started: ${error.message}`));
child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
