import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { flatCommands } from "../../../scripts/release/commands.ts";
import { loadConfig } from "../../../src/app/config/index.ts";
import { blocksOf, inlineCodeOf, pagePairs, structureOf, textOf } from "../../support/pages.ts";

const root = join(import.meta.dir, "../../..");
const pairs = pagePairs().map(({ english, chinese }) => [english, chinese] as const);
const pages = pairs.flat();

/** The relative links of a page: file and anchor. */
function linksOf(path: string): { file: string; anchor: string | undefined }[] {
  const text = textOf(path).replaceAll(/^```.*?^```$/gms, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|srcset="([^"]+)"|src="([^"]+)"/g)].map(
    ([, a, b, c]) => a ?? b ?? c ?? "",
  );
  return targets
    .filter((target) => !/^\w+:/.test(target))
    .map((target) => {
      const [file = "", anchor] = target.split("#");
      return { file: file === "" ? path : join(dirname(path), file), anchor };
    });
}

/** The anchors of a page's headings, as forges make them. */
function anchorsOf(path: string): string[] {
  const headings = [
    ...textOf(path)
      .replaceAll(/^```.*?^```$/gms, "")
      .matchAll(/^#+ (.*)$/gm),
  ];
  return headings.map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What a page links to, by the English names of pages that are there in both languages. */
function targetsOf(path: string): string[] {
  const english = new Map(
    pairs.flatMap(([name, chinese]) => [
      [chinese, name],
      [name, name],
    ]),
  );
  // Their headings have other words, and so other anchors.
  return linksOf(path)
    .map(({ file, anchor }) => english.get(file) ?? [file.replace(".zh-", "-"), anchor].join("#"))
    .toSorted();
}

describe.each(pairs)("%s and %s", (english, chinese) => {
  test("have the same headings, tables, lists, pictures and commands", () => {
    expect(structureOf(textOf(chinese))).toEqual(structureOf(textOf(english)));
  });

  test("name the same keys, commands and values", () => {
    expect(inlineCodeOf(textOf(chinese))).toEqual(inlineCodeOf(textOf(english)));
  });

  test("link to the same places", () => {
    const others = (path: string) => targetsOf(path).filter((target) => target !== english);
    expect(others(chinese)).toEqual(others(english));
  });
});

test.each(pages)("%s links to files and headings that there are", (path) => {
  const broken = linksOf(path).filter(({ file, anchor }) => {
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && !anchorsOf(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test.each(pages)("the configurations in %s are read without a mistake or a warning", (path) => {
  const folder = mkdtempSync(join(tmpdir(), "srs-pages-"));
  for (const { language, text } of blocksOf(textOf(path))) {
    if (language !== "toml") continue;
    writeFileSync(join(folder, "page.toml"), text.replaceAll("…", "0".repeat(14)));
    expect([text, loadConfig(join(folder, "page.toml")).warnings]).toEqual([text, []]);
  }
  rmSync(folder, { recursive: true });
});

test.each(pages)("the commands of srs in %s have the words and options that there are", (path) => {
  const lines = blocksOf(textOf(path))
    .filter(({ language }) => ["sh", "console"].includes(language))
    .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"));
  for (const line of lines) {
    const call = /^(?:SRS_\w+=\S+ )*(?:\.\/)?srs((?: .*)?)$/.exec(line.replace(/ +#(?= ).*$/, ""));
    if (call === null) continue;
    const words = (call[1] ?? "").trim().split(/ +/);
    const commands = flatCommands().filter((command) => command.words.every((word, at) => words[at] === word));
    const command = commands.toSorted((a, b) => b.words.length - a.words.length)[0];
    const known = (command?.options ?? []).flatMap(({ name, short }) => [`--${name}`, `-${short}`]);
    const used = words.filter((word) => /^-./.test(word));
    expect([line, used.filter((option) => !["--version", "--help", ...known].includes(option))]).toEqual([line, []]);
  }
});

test("the pictures of the cluster differ in colours and words only", () => {
  const shapes = ["cluster-light", "cluster-dark", "cluster.zh-light", "cluster.zh-dark"].map((name) =>
    textOf(`docs/images/${name}.svg`)
      .replaceAll(/#[0-9a-f]{6}/g, "#")
      .replaceAll(/>[^<>\n]+</g, "><")
      .replace(/aria-label="[^"]+"/, ""),
  );
  expect(new Set(shapes).size).toBe(1);
});

test("the README's figures are those of docs/performance.md", () => {
  const row = /^\| srs \| (11\.1 %) .*\n.*\n\| nginx-rtmp \| (64\.2 %) /m;
  const atOnce = /^\| srs \| (36\.1 %) .*\n.*\n\| nginx-rtmp \| (37\.6 %) /m;
  for (const pattern of [row, atOnce]) {
    const [, own = "none", nginx = "none"] = pattern.exec(textOf("docs/performance.md")) ?? [];
    for (const readme of ["README.md", "README.zh-CN.md"]) {
      expect(textOf(readme)).toMatch(new RegExp(`^\\|.*\\| ${own} \\| [^|]+\\| ${nginx} \\|`, "m"));
    }
  }
});

test("docs/night.md says what to do for every alert", () => {
  const alerts = [...textOf("conf/prometheus/srs.rules.yml").matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const rows = [...textOf("docs/night.md").matchAll(/^\| `(Srs\w+)` \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(alerts);
});
