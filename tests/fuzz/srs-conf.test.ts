import { expect, test } from "bun:test";
import { type Config, ConfigErrors, parseConfig, shortToml } from "../../src/app/config/index.ts";
import { UserError } from "../../src/base/errors.ts";
import { SLACK_MS } from "../support/limits.ts";
import { between, mulberry32, pick } from "../support/random.ts";
import { srsConfVectors } from "../vectors/srs-conf.ts";

const SEED = 0x5e5c0f;
const ROUNDS = 4000;
const LONGEST = 2000;
const pieces = `; { } " ' # \\ on off enabled vhost a forward play listen 65536 include [ x`
  .split(" ")
  .concat(" ", "\n", "\0");
const seeds = srsConfVectors.map(({ conf }) => conf);

/** One change: a piece put in, a run cut out or doubled, or a part of another file. */
function mutate(random: () => number, text: string): string {
  const at = between(random, 0, text.length);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const run = between(random, 1, 30);
  switch (between(random, 0, 3)) {
    case 0:
      return `${before}${pick(random, pieces)}${after}`;
    case 1:
      return before + after.slice(run);
    case 2:
      return before + before.slice(-run) + after;
    default: {
      const other = pick(random, seeds);
      return before + other.slice(between(random, 0, other.length));
    }
  }
}

/** Undefined when the text was refused as it should be: every line names a place. */
function readOrRefuse(text: string): Config | undefined {
  let included = 0;
  try {
    return parseConfig(text, "x.conf", (path) => {
      included++;
      if (path.length % 2 === 0) throw new UserError(`cannot read ${path}: no such file`);
      return pick(() => (path.length % 7) / 7, seeds);
    });
  } catch (error) {
    expect(included).toBeLessThan(200);
    if (!(error instanceof ConfigErrors)) throw new Error(`the text ${JSON.stringify(text)}`, { cause: error });
    for (const line of error.lines) expect(line).toMatch(/^[^\n]*:\d+: [^\n]+$/);
    return undefined;
  }
}

test("damaged files in SRS's syntax are refused with a place, or say the same as TOML", () => {
  const random = mulberry32(SEED);
  const pool = [...seeds];
  let read = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const slot = between(random, 0, pool.length - 1);
    const text = mutate(random, pool[slot] ?? "").slice(0, LONGEST);
    const config = readOrRefuse(text);
    if (config === undefined) continue;
    read++;
    pool[slot] = text; // what was accepted is changed further
    expect(parseConfig(shortToml(config), "x.toml")).toEqual(config);
  }
  expect(read).toBeGreaterThan(ROUNDS / 20);
});

test("random pieces are read or refused", () => {
  const random = mulberry32(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    readOrRefuse(
      Array.from({ length: between(random, 0, 40) }, () => pick(random, pieces)).join(pick(random, ["", " "])),
    );
  }
});

test("a megabyte of any one piece takes less than a moment", () => {
  for (const piece of pieces) {
    const started = performance.now();
    readOrRefuse(`${piece} `.repeat((1024 * 1024) / (piece.length + 1)));
    expect(performance.now() - started).toBeLessThan(SLACK_MS);
  }
});
