import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../src/app/config/index.ts";
import { run } from "../../../src/cli/run.ts";
import { commit, version } from "../../../src/cli/version.ts";

let folder: string;
let good: string;
let bad: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "srs-cli-"));
  good = join(folder, "good.toml");
  bad = join(folder, "bad.toml");
  writeFileSync(good, "listen = 1936\n");
  writeFileSync(bad, "lisen = 1936\n[log]\nlevel = 1\n");
});

afterAll(() => rmSync(folder, { recursive: true }));

async function call(...argv: string[]) {
  let out = "";
  const err: string[] = [];
  const code = await run(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => err.push(text),
  });
  return { code, out, err };
}

describe("srs check", () => {
  test("prints the effective configuration, and leaves with 0", async () => {
    const { code, out, err } = await call("check", "--conf", good);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(parseConfig(out, "out.toml")).toEqual(parseConfig("listen = 1936", "in.toml"));
  });

  test("accepts every spelling of the option", async () => {
    for (const spelling of [["--conf", good], [`--conf=${good}`], ["-c", good], [`-c${good}`]]) {
      expect((await call("check", ...spelling)).code).toBe(0);
    }
  });

  test("prints every error, and leaves with 1", async () => {
    expect(await call("check", "--conf", bad)).toEqual({
      code: 1,
      out: "",
      err: [
        `${bad}:1: lisen: unknown key; did you mean "listen"?`,
        `${bad}:3: log.level: must be "debug", "info", "warn" or "error", not 1`,
      ],
    });
  });
});

test("a wrong configuration does not start the server", async () => {
  const { code, err } = await call("--conf", bad);
  expect(code).toBe(1);
  expect(err[0]).toBe(`${bad}:1: lisen: unknown key; did you mean "listen"?`);
});

test.each([[["--version"]], [["-v"]], [["check", "--version"]]])("%p prints version and commit", async (argv) => {
  expect(await call(...argv)).toEqual({ code: 0, out: `srs ${version} (${commit})`, err: [] });
});

test.each(["--help", "-h", "-hv"])("%s names every command and option", async (option) => {
  const { code, out } = await call(option);
  expect(code).toBe(0);
  for (const part of ["srs --conf FILE", "srs check --conf FILE", "-c, --conf FILE", "-h, --help", "-v, --version"]) {
    expect(out).toContain(part);
  }
});

test("-t says whether the configuration is valid, and starts nothing", async () => {
  expect(await call("-t", "-c", good)).toEqual({ code: 0, out: `${good} is right`, err: [] });
  expect((await call("-t", "-c", bad)).err).toEqual((await call("check", "-c", bad)).err);
  expect((await call("-t", "-c", bad)).code).toBe(1);
});

test("help and version work as words, too, and -V as in nginx and SRS", async () => {
  expect(await call("help")).toEqual(await call("--help"));
  expect(await call("help", "check")).toEqual(await call("check", "--help"));
  expect(await call("help", "bench", "play")).toEqual(await call("bench", "play", "--help"));
  expect(await call("version")).toEqual(await call("--version"));
  expect(await call("-V")).toEqual(await call("--version"));
});

test("a configuration file may be named without --conf", async () => {
  expect(await call(bad)).toEqual(await call("--conf", bad));
  expect(await call(bad, "-t")).toEqual(await call("--conf", bad, "-t"));
  expect(await call("-t", bad)).toEqual(await call("-t", "--conf", bad));
  expect(await call("check", bad)).toEqual(await call("check", "--conf", bad));
});

test("the help of a command is about that command", async () => {
  const { code, out } = await call("check", "--help");
  expect(code).toBe(0);
  expect(out).toContain("srs check --conf FILE");
  expect(out).not.toContain("srs --conf FILE");
});

test.each([
  [["check"], "srs: which configuration? Give --conf FILE (see srs --help)"],
  [["--conf"], "srs: --conf needs a value: --conf FILE"],
  [["--conf="], "srs: --conf needs a value: --conf FILE"],
  [["-c"], "srs: -c needs a value: -c FILE"],
  [["--conf", "--x"], "srs: --conf needs a value: --conf FILE"],
  [["--conf", "a", "-c", "b"], "srs: --conf is given twice"],
  [["a.toml", "--conf", "b"], "srs: --conf is given twice"],
  [["-t"], "srs: which configuration? Give --conf FILE (see srs --help)"],
  [["-t", "/nowhere/x.toml"], "srs: cannot read /nowhere/x.toml: no such file"],
  [["/nowhere/x.toml"], "srs: cannot read /nowhere/x.toml: no such file"],
  [["help", "chek"], 'srs: unknown command "chek"; did you mean "check"?'],
  [["--conf", "a", "check"], 'srs: unexpected argument "check"; a command comes before the options'],
  [["check", "/nowhere/x.toml"], "srs: cannot read /nowhere/x.toml: no such file"],
  [["check", "--probe", "a.toml"], 'srs: unexpected argument "a.toml"; write --conf a.toml'],
  [["check", "a"], 'srs: unexpected argument "a"; a command comes before the options'],
  [["--cnf", "a"], "srs: unknown option --cnf; did you mean --conf?"],
  [["check", "--cofn=a"], "srs: unknown option --cofn; did you mean --conf?"],
  [["--daemon"], "srs: unknown option --daemon; srs --help lists them"],
  [["-x"], "srs: unknown option -x; srs --help lists them"],
  [["--no-conf"], "srs: unknown option --no-conf; srs --help lists them"],
  [["--__proto__"], "srs: unknown option --__proto__; srs --help lists them"],
  [["chek"], 'srs: unknown command "chek"; did you mean "check"?'],
  [["serve"], 'srs: there is no command "serve": srs --conf FILE starts the server'],
  [["stop"], 'srs: there is no command "stop": SIGTERM stops the server: kill PID, or systemctl stop srs@NAME'],
  [["sleep"], 'srs: unknown command "sleep"; srs --help lists them'],
  [["check", "-c", "/nowhere/x.toml"], "srs: cannot read /nowhere/x.toml: no such file"],
  [["--conf", "/"], "srs: cannot read /: it is a directory"],
])("%p is refused in one line", async (argv, message) => {
  expect(await call(...argv)).toEqual({ code: 1, out: "", err: [message] });
});
