// Does the compiled executable work at all? Its version, a start on a free port, a clean stop.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eachLine, listening } from "./child-lines.ts";

const startLimitMs = 10_000;
const stopLimitMs = 5_000;

/** Returns what is wrong with `executable`, or undefined when it starts and stops as it should. */
export async function smoke(executable: string): Promise<string | undefined> {
  const version = Bun.spawnSync([executable, "--version"], { timeout: startLimitMs });
  const shown = version.stdout.toString().trim();
  if (version.exitCode !== 0 || !/\d+\.\d+\.\d+/.test(shown)) {
    return `--version ended with status ${version.exitCode} and said: ${shown}${version.stderr.toString()}`;
  }
  const directory = mkdtempSync(join(tmpdir(), "srs-smoke-"));
  try {
    const config = join(directory, "smoke.toml");
    writeFileSync(config, 'listen = "127.0.0.1:0"\nmax_connections = 10\n');
    return await startAndStop([executable, "--conf", config]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startAndStop(command: string[]): Promise<string | undefined> {
  const said: string[] = [];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const started = Promise.withResolvers<boolean>();
  const onLine = (line: string): void => {
    said.push(line);
    if (listening.test(line)) started.resolve(true);
  };
  const read = Promise.all([eachLine(child.stdout, onLine), eachLine(child.stderr, onLine)]);
  const ended = child.exited.then(() => false);
  const up = await Promise.race([started.promise, ended, Bun.sleep(startLimitMs).then(() => false)]);
  if (up) child.kill("SIGTERM");
  const stopped = await Promise.race([child.exited, Bun.sleep(up ? stopLimitMs : 0).then(() => undefined)]);
  child.kill("SIGKILL");
  await child.exited;
  await read;
  if (up && stopped === 0) return undefined;
  const what = up ? "did not stop cleanly after SIGTERM" : "did not say that it is listening";
  return `${command.join(" ")} ${what} (status ${stopped ?? "none"}):\n${said.join("\n")}`;
}
