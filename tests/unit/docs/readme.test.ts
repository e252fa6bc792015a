import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, parseConfig, rootTable, shortToml } from "../../../src/app/config/index.ts";
import { variablesOf } from "../../../src/config/file/variables.ts";
import { resolve, streamKey } from "../../../src/rtmp/address.ts";

const root = join(import.meta.dir, "../../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const readme = text("README.md");

test("the README's configurations are those in conf/", () => {
  const blocks = [...readme.matchAll(/^```toml\n(.*?)^```/gms)].map(([, block]) => block ?? "");
  const effective = (toml: string) => shortToml(parseConfig(toml, "test.toml"));
  expect(blocks.map(effective)).toEqual(
    ["conf/origin.toml", "conf/edge-1936.toml"].map((path) => effective(text(path))),
  );
});

test("every configuration in docs/operating.md is read without a mistake", () => {
  const blocks = [...text("docs/operating.md").matchAll(/^```toml\n(.*?)^```/gms)];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, block = ""] of blocks) parseConfig(block, "operating.toml");
});

test("the configurations in docs/security.md are read without a mistake or a warning", () => {
  const blocks = [...text("docs/security.md").matchAll(/^```toml\n(.*?)^```/gms)].map(([, block]) => block ?? "");
  expect(blocks.length).toBeGreaterThan(0);
  const folder = mkdtempSync(join(tmpdir(), "srs-docs-"));
  for (const block of blocks) {
    const path = join(folder, "security.toml");
    writeFileSync(path, block.replaceAll("…", "0".repeat(14)));
    expect(loadConfig(path).warnings).toEqual([]);
  }
  rmSync(folder, { recursive: true });
});

test("the example of an error in docs/configuration.md is what the server says", () => {
  const [line = "none"] = /^edge\.toml:5: .*$/m.exec(text("docs/configuration.md")) ?? [];
  const toml = "listen = 1936\n\n\n[vhost.__defaultVhost__]\ngop_cach = true\n";
  expect(() => parseConfig(toml, "edge.toml")).toThrow(line);
});

test("every npm script that the documents name exists", () => {
  const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
  const named = ["README.md", "CONTRIBUTING.md", "docs/install.md", "docs/performance.md"].flatMap((path) =>
    [...text(path).matchAll(/npm (?:run )?(start|test|build|check|format|bench|compare|soak)\b/g)].map(
      ([, name]) => name,
    ),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => name !== undefined && scripts[name] === undefined)).toEqual([]);
});

test("ARCHITECTURE.md names every folder of the sources, and every file it names exists", () => {
  const architecture = text("ARCHITECTURE.md");
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "features")
    .map(({ name }) => `${name}/`);
  const features = readdirSync(join(root, "src/features")).map((name) => `features/${name}/`);
  expect([...folders, ...features].filter((folder) => !architecture.includes(`\`${folder}\``))).toEqual([]);
  const files = [...architecture.matchAll(/`((?:live|rtmp|relay|io|media|app|features|cli)\/[\w/-]+)(?:\.ts)?`/g)];
  const missing = files
    .map(([, path = ""]) => path)
    .filter((path) => !Bun.file(join(root, "src", `${path}.ts`)).size && !readdirSync(join(root, "src", path)).length);
  expect(missing).toEqual([]);
});

test("every variable that docs/configuration.md names sets a key", () => {
  const vhosts = { __defaultVhost__: {}, "live-1.example.com": {} };
  const known = variablesOf(rootTable, { vhost: vhosts });
  const [, section = ""] = /## Variables\n(.*?)\n## Secrets/s.exec(text("docs/configuration.md")) ?? [];
  const rows = [...section.matchAll(/^\| `(\w+)`.*\| `(SRS_\w+)` \|$/gm)];
  expect(rows.length).toBeGreaterThan(4);
  for (const [, key, variable = ""] of rows) expect(known.get(variable)?.path.at(-1)).toBe(key);
});

test("the spellings in docs/names.md lead to the streams that it names", () => {
  const rows = [...text("docs/names.md").matchAll(/^\| (`rtmp:.*) \|$/gm)].map(([, row = ""]) => row.split("|"));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const [tcUrl = "", app = "", name = "", , stream] = row.map((cell) => cell.replaceAll("`", "").trim());
    const found = resolve(tcUrl, app, name);
    expect([row, found.ok && `${streamKey(found.address)}${found.address.param}`]).toEqual([row, stream ?? ""]);
  }
});
