import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../../package.json";
import { flatCommands } from "../../../scripts/release/commands.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "../../../scripts/release/completions.ts";
import { source } from "../../../scripts/release/documents.ts";
import { manPage } from "../../../scripts/release/man-page.ts";
import { sbom } from "../../../scripts/release/sbom.ts";

const commands = flatCommands();
const shells = [
  ["bash", bashCompletion(commands)],
  ["zsh", zshCompletion(commands)],
  ["fish", fishCompletion(commands)],
] as const;

/** Runs a program on a text in a file; its exit code and what it says. */
function onFile(command: readonly string[], text: string) {
  const folder = mkdtempSync(join(tmpdir(), "srs-release-"));
  try {
    const path = join(folder, "file");
    writeFileSync(path, text);
    const { exitCode, stdout, stderr } = Bun.spawnSync([...command, path]);
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the man page names every command and option", () => {
  const page = manPage(commands, "1.2.3", "2026-01-01").replaceAll("\\-", "-");
  expect(page).toStartWith('.TH SRS 1 2026-01-01 "srs 1.2.3"');
  for (const { call, options } of commands) {
    expect(page).toContain(`.SS ${call}`);
    for (const { name } of options) expect(page).toContain(`--${name}\\fR`);
  }
});

test.skipIf(Bun.which("man") === null)("the man page has no mistake that man knows", () => {
  const page = manPage(commands, "1.2.3", "2026-01-01");
  const { exitCode, stderr } = onFile(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"], page);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

test.each(shells)("%s completes every command and option", (_shell, script) => {
  for (const { words, options } of commands) {
    for (const word of words) expect(script).toContain(word);
    for (const { name } of options) expect(script).toMatch(new RegExp(`(?:--|-l )${name}\\b`));
  }
});

for (const [shell, script] of shells)
  test.skipIf(Bun.which(shell) === null)(`${shell} can read its completion`, () => {
    expect(onFile([shell, "-n"], script)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

test.each([
  ["srs ch", "check"],
  ["srs bench p", "play publish"],
  ["srs bench play --js", "--json"],
  ["srs check --pro", "--probe"],
])("bash completes %p as %p", (line, completed) => {
  const words = line.split(" ");
  const asked = `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _srs; echo "\${COMPREPLY[*]}"`;
  expect(
    onFile(
      ["bash"],
      `${bashCompletion(commands)}\ncd /var/empty 2>/dev/null || cd /proc/self/fdinfo\n${asked}`,
    ).stdout.trim(),
  ).toBe(completed);
});

test("the list of contents has what is compiled in, and the runtime", () => {
  const { components } = JSON.parse(sbom(source("package-lock.json"), 0)) as {
    components: { name: string; version: string }[];
  };
  const versions = Object.fromEntries(components.map(({ name, version }) => [name, version]));
  expect(versions).toMatchObject(packageJson.dependencies);
  expect(Object.keys(versions)).not.toContain("typescript");
});
