import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directives, type Entry } from "../../../src/config/srs/directives.ts";

const path = join(import.meta.dir, "../../../docs/srs-conf.md");
const head = "## Directives\n";

test("docs/srs-conf.md describes the effect of every directive, by the table in the sources (UPDATE_DOCS=1 writes it)", () => {
  const [before = ""] = readFileSync(path, "utf8").split(head);
  const isOfVhost = ({ spellings: [first = ""] }: Entry) => first.startsWith("vhost ");
  const known = directives.filter(({ rule }) => rule.kind !== "block");
  const text = `${before}${head}
At the top of the file:

${tableOf(known.filter((entry) => !isOfVhost(entry)))}

In a vhost:

${tableOf(known.filter(isOfVhost))}
`;
  if (Bun.env.UPDATE_DOCS === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("every directive is in the table once, and every kind of refusal has a name for --ignore", () => {
  const places = directives.filter(({ rule }) => rule.kind !== "block").flatMap(({ spellings }) => spellings);
  expect(new Set(places).size).toBe(places.length);
  for (const { rule } of directives) if (rule.kind === "refused") expect(rule.ignore).toMatch(/^[a-z_]+$/);
});

/** One row for all directives of which the same becomes. */
function tableOf(entries: readonly Entry[]): string {
  const rows = new Map<string, string[]>();
  for (const { spellings, rule } of entries) {
    const becomes = rule.kind === "refused" ? `${rule.becomes} (\`--ignore ${rule.ignore}\`)` : rule.becomes;
    rows.set(becomes, [...(rows.get(becomes) ?? []), ...spellings.map(shown)]);
  }
  const lines = [...rows].map(([becomes, names]) => `| ${names.join(", ")} | ${becomes} |`);
  return ["| directive | becomes |", "|---|---|", ...lines].join("\n");
}

/** `vhost play gop_cache` as `play { gop_cache }`. */
function shown(spelling: string): string {
  const words = spelling.replace(/^vhost /, "").split(" ");
  return `\`${words.join(" { ")}${" }".repeat(words.length - 1)}\``;
}
