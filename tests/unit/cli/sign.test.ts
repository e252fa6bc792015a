import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/cli/run.ts";

const URL = "rtmp://host/live/show";
let folder: string;
let conf: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "srs-sign-"));
  conf = join(folder, "srs.toml");
  writeFileSync(conf, '[vhost.__defaultVhost__.security]\nplay_keys = "the-key-of-the-test-1234"\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

async function sign(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(["sign", ...argv], { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** Seconds from now until when the printed URL is good. */
async function seconds(...argv: string[]): Promise<number> {
  const { code, out } = await sign(URL, "--conf", conf, ...argv);
  expect(code).toBe(0);
  expect(out).toMatch(/^rtmp:\/\/host\/live\/show\?exp=\d+&sign=[0-9a-f]{64}$/);
  return Math.round(Number(/exp=(\d+)/.exec(out)?.[1]) - Date.now() / 1000);
}

test.each([
  [[], 3600],
  [["--for", "90s"], 90],
  [["--for", "30m"], 1800],
  [["--play", "--for", "2h"], 7200],
  [["--for=7d"], 604_800],
] as const)("a URL signed with %p is valid for %d seconds", async (argv, wanted) => {
  const given = await seconds(...argv);
  expect(given).toBeGreaterThanOrEqual(wanted - 2);
  expect(given).toBeLessThanOrEqual(wanted + 1);
});

test("the end of a signed URL's time may be written in words or as Unix time", async () => {
  const words = await sign(URL, "--conf", conf, "--until", "2100-01-01T01:00:00+01:00");
  const digits = await sign(URL, "--conf", conf, "--until", "4102444800");
  expect(words.out).toInclude("exp=4102444800&");
  expect(digits).toEqual(words);
});

test("a URL is signed for a time in the past as requested, with a warning", async () => {
  const { code, out, err } = await sign(URL, "--conf", conf, "--until", "2020-01-01T00:00:00Z");
  expect({ code, err }).toEqual({ code: 0, err: "srs: the time is in the past; the URL is not valid" });
  expect(out).toInclude("exp=1577836800&");
});

test.each([
  [[], "srs: which URL? Give it as in srs sign rtmp://host/live/livestream"],
  [[URL, "--publish", "--play"], "srs: a URL is signed for one thing: --publish or --play"],
  [[URL, "--for", "1h", "--until", "2100-01-01"], "srs: --for and --until exclude each other; give one of them"],
  [[URL, "--for", "1w"], 'srs: --for takes a time such as 90s, 30m, 1h or 7d, not "1w"'],
  [[URL, "--for", "0s"], 'srs: --for takes a time such as 90s, 30m, 1h or 7d, not "0s"'],
  [[URL, "--until", "tomorrow"], 'srs: --until takes a time such as 2026-12-31T20:00:00Z, not "tomorrow"'],
  [[URL, "--publish"], "srs: [vhost.__defaultVhost__.security] has no publish_keys to sign with"],
  [[URL, "more"], 'srs: unexpected argument "more"; a command comes before the options'],
] as const)("srs sign %p is refused", async (argv, message) => {
  expect(await sign(...argv, "--conf", conf)).toEqual({ code: 1, out: "", err: message });
});
