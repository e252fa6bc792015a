import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/cli/run.ts";

const url = "rtmp://127.0.0.1:1/live/show";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "srs-bench-"));
  writeFileSync(join(folder, "text.flv"), "this is no video at all");
});

afterAll(() => rmSync(folder, { recursive: true }));

async function call(...argv: string[]) {
  let out = "";
  const err: string[] = [];
  const write = (text: string) => {
    out += text;
  };
  const code = await run(argv, { out: write, err: (text) => err.push(text) });
  return { code, out, err };
}

describe("bench refuses in one line, with exit code 2,", () => {
  test.each([
    [["bench"], "srs bench what? play, publish, both"],
    [["bench", "pley"], 'unknown command "bench pley"; did you mean "play"?'],
    [["bench", "record"], 'unknown command "bench record"; srs bench --help lists them'],
    [["bench", "play"], "which stream? Give a URL like rtmp://host/live/livestream"],
    [
      ["bench", "play", "http://x/live/show"],
      "http://x/live/show: the ending says what is played, as in /live/livestream.flv, .ts or .m3u8",
    ],
    [
      ["bench", "publish", "http://x/live/show.flv"],
      "http://x/live/show.flv: streams are published by RTMP, to a URL like rtmp://host/live/livestream",
    ],
    [["bench", "play", url, url], `unexpected argument "${url}"; a command comes before the options`],
    [["bench", "play", url, "-n"], "-n needs a value: -n N"],
    [["bench", "play", url, "-n", "0"], '-n takes a whole number from 1 to 100000, not "0"'],
    [["bench", "play", url, "-n", "2.5"], '-n takes a whole number from 1 to 100000, not "2.5"'],
    [["bench", "play", url, "--seconds", "1m"], '--seconds takes a number from 0.1 to 1000000, not "1m"'],
    [["bench", "play", url, "--rate", "0"], '--rate takes a number from 1 to 10000, not "0"'],
    [["bench", "play", url, "--kbps", "600"], "unknown option --kbps; srs bench --help lists them"],
    [["bench", "play", url, "--secons", "6"], "unknown option --secons; did you mean --seconds?"],
    [["bench", "publish", url, "--kbps", "1"], '--kbps takes a number from 50 to 100000, not "1"'],
    [["bench", "publish", url, "--file", "/nowhere.flv"], "cannot read /nowhere.flv: no such file"],
    [
      ["bench", "publish", url, "--file", "a.flv", "--fps", "30"],
      "--file has a bitrate, frame rate, key frames and audio of its own; leave out --kbps, --fps, --gop and --audio-tracks",
    ],
    [["bench", "both", `${url}{}`], "srs bench both publishes one stream: {} has no meaning"],
    [
      ["bench", "both", url, "--play-url", "x"],
      '"x" is no URL like rtmp://host/live/livestream or http://host/live/livestream.flv',
    ],
  ])("%p", async (argv, message) => {
    expect(await call(...argv)).toEqual({ code: 2, out: "", err: [`srs: ${message}`] });
  });

  test("a file that is not FLV", async () => {
    const { code, err } = await call("bench", "publish", url, "--file", join(folder, "text.flv"));
    expect({ code, err }).toEqual({
      code: 2,
      err: [`srs: ${join(folder, "text.flv")} is no FLV file: an FLV file begins with "FLV"`],
    });
  });
});

test("bench reports a missing server in a sentence, with exit code 1", async () => {
  const { code, out, err } = await call("bench", "play", url);
  expect({ code, err }).toEqual({ code: 1, err: [] });
  expect(out).toContain("0 of 1 connected, 1 failed");
  expect(out).toContain("1 × 127.0.0.1:1: connection refused");
});

test("bench --json prints one object, whatever the outcome", async () => {
  const { code, out } = await call("bench", "play", url, "-n", "2", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    command: "play",
    url,
    players: { asked: 2, connected: 0, failed: 2 },
    problems: ["players failed: 2"],
  });
});

test("more connections than open files are allowed are refused in one line", async () => {
  const { code, err } = await call("bench", "play", url, "-n", "100000");
  // A machine that allows them finds nobody there.
  if (err.length === 0) return;
  expect(code).toBe(1);
  expect(err).toEqual([
    expect.stringMatching(/^srs: -n 100000 needs 100256 open files and the limit is \d+; raise it/),
  ]);
});

test.each([["play"], ["publish"], ["both"]])("the help of bench %s names its options", async (name) => {
  const { code, out } = await call("bench", name, "--help");
  expect(code).toBe(0);
  for (const part of [`srs bench ${name} URL`, "-n, --count N", "--seconds S", "--rate R", "--json", "-h, --help"])
    expect(out).toContain(part);
  expect(out.includes("--check N")).toBe(name !== "publish");
  expect(out.includes("--variant WHICH")).toBe(name !== "publish");
  expect(out.includes("--kbps K")).toBe(name !== "play");
  expect(out).not.toContain("--conf");
});

test("the help of bench shows its commands, and the program's help shows it", async () => {
  const { out } = await call("bench", "--help");
  for (const part of ["srs bench play URL", "srs bench publish URL", "srs bench both URL", "--play-url URL", "{}"])
    expect(out).toContain(part);
  expect((await call("--help")).out).toContain("srs bench play|publish|both URL");
});
