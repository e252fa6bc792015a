import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What each folder of `src/` may import besides itself. A feature is a folder of its own and never sees a sibling. */
const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  bytes: ["base"],
  config: ["base"],
  amf: ["base", "bytes"],
  media: ["base", "bytes", "amf"],
  rtmp: ["base", "bytes", "amf", "media"],
  preamble: ["base", "bytes"],
  http: ["base"],
  live: ["base", "config", "media", "http"],
  relay: ["base", "amf", "media", "rtmp", "live"],
  io: ["base", "preamble"],
  features: ["base", "config", "amf", "media", "rtmp", "http", "live", "relay", "io"],
  loadgen: ["base", "amf", "media", "rtmp", "http", "live", "relay", "io"],
  app: ["base", "config", "rtmp", "http", "live", "relay", "io", "features"],
  cli: ["base", "features", "loadgen", "app", "package.json"],
};

/** The order of the rooms inside a layer, files or folders: each may import those before it. What has no name here comes first. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  config: ["file", "srs"],
  live: ["log", "source", "readers", "stream", "streams", "ports"],
  io: ["os", "files", "tls", "log", "net"],
};

/** The folders that may touch the outside: Bun, node modules, timers, the console. */
const outside = ["io", "app", "cli"];
/** Node modules that compute and touch nothing, by the folder that may use them. */
const nodeModules: Readonly<Record<string, readonly string[]>> = {
  rtmp: ["node:crypto"],
  loadgen: ["node:crypto"],
  features: ["node:crypto"],
};
/** Where time and chance come in from the caller, so that tests run on a fake clock. */
const pure = ["base", "bytes", "config", "amf", "media", "rtmp", "preamble", "http", "live", "relay"];
const impure =
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|Date\.now|new Date\(\)|Math\.random|performance\.now|console\.|process\.)/;
/** The one file outside of `io/` that uses Buffer: it copies between arrays without views. */
const bufferFile = "src/base/memory.ts";
const maxLines = 400;
/** A file of the sources that is longer is told: it may be two concepts. */
const longLines = 250;
const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** What must not be committed: paths of one machine, addresses of package registries. */
const leaks = [/(?<![\w.-])\/(?:work|root)\//, /\bregistry\.[a-z0-9-]+\.[a-z]+/, /"resolved": *"https?:/];

const root = join(import.meta.dir, "..");

/** Path from the root to text. */
type Files = ReadonlyMap<string, string>;

function committed(): string[] {
  const list = Bun.spawnSync(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  if (list.exitCode === 0) return list.stdout.toString().split("\0").filter(Boolean);
  const all = new Bun.Glob("**/*").scanSync({ cwd: root, dot: true });
  return [...all].filter((path) => !/^(?:node_modules|dist|coverage|\.git)\//.test(path));
}

function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(join(root, path));
    return bytes.includes(0) ? undefined : bytes.toString();
  } catch {
    return undefined; // deleted but not yet committed
  }
}

const files: Files = new Map(
  committed().flatMap((path) => {
    const text = readText(path);
    return text === undefined ? [] : [[path, text] as const];
  }),
);
const sources: Files = new Map([...files].filter(([path]) => path.startsWith("src/") && path.endsWith(".ts")));

/** The text with comments blanked, and with strings emptied when `strings` is false. Line breaks stay. */
function codeOf(text: string, strings: boolean): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(token, (found) => {
    if (found.startsWith("/")) return found.replace(/[^\n]/g, " ");
    return strings ? found : '""';
  });
}

function importsOf(text: string): string[] {
  const statement = /^\s*(?:import|export)\s[^"';]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...codeOf(text, true).matchAll(statement)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The file that a relative import of `path` names. */
function resolve(path: string, specifier: string): string {
  return normalize(join(dirname(path), specifier));
}

function layerOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function layering(all: Files): string[] {
  const wrong: string[] = [];
  for (const [path, text] of all) {
    const layer = layerOf(path);
    const allowed = layers[layer];
    if (allowed === undefined) wrong.push(`${path}: src/${layer} is not in the table of layers`);
    for (const specifier of importsOf(text).filter((name) => name.startsWith("."))) {
      const target = resolve(path, specifier);
      const [to, feature] = target.startsWith("src/") ? target.split("/").slice(1) : [target];
      if (to === "features" && layer === "features" && feature !== path.split("/")[2]) {
        wrong.push(`${path}: imports its sibling ${target}`);
      } else if (to !== layer && allowed !== undefined && !allowed.includes(to ?? "")) {
        wrong.push(`${path}: ${layer} may not import ${target}`);
      }
    }
  }
  return wrong;
}

/** A file's place in the order of its layer's rooms; -1 for one that comes before all of them. */
function roomOf(path: string): number {
  const [, layer = "", room = ""] = path.split("/");
  return rooms[layer]?.indexOf(room.replace(/\.ts$/, "")) ?? -1;
}

function roomOrder(all: Files): string[] {
  const wrong: string[] = [];
  for (const [path, text] of all) {
    for (const specifier of importsOf(text).filter((name) => name.startsWith("."))) {
      const target = resolve(path, specifier);
      if (layerOf(target) === layerOf(path) && roomOf(target) > roomOf(path))
        wrong.push(`${path}: may not import ${target}`);
    }
  }
  return wrong;
}

/** Permissions of the table that no file uses. */
function unusedPermissions(all: Files): string[] {
  const used = new Set<string>();
  for (const [path, text] of all) {
    for (const specifier of importsOf(text).filter((name) => name.startsWith("."))) {
      const target = resolve(path, specifier);
      used.add(`${layerOf(path)} ${target.startsWith("src/") ? layerOf(target) : target}`);
    }
  }
  return Object.entries(layers).flatMap(([layer, allowed]) =>
    allowed.map((to) => `${layer} ${to}`).filter((permission) => !used.has(permission)),
  );
}

/** Each file on the first cycle found from it, types included: a cycle of types is two concepts that are one. */
function cycles(all: Files): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const specifier of importsOf(all.get(path) ?? "")) {
      if (specifier.startsWith(".")) visit(resolve(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of all.keys()) visit(path, []);
  return found;
}

function reachesOutside(all: Files): string[] {
  const wrong: string[] = [];
  for (const [path, text] of all) {
    const layer = layerOf(path);
    const code = codeOf(text, false);
    const global = pure.includes(layer) ? impure.exec(code)?.[0] : undefined;
    if (global !== undefined) wrong.push(`${path}: ${global} belongs to the caller (Clock, random)`);
    if (layer !== "io" && path !== bufferFile && /\bBuffer\b/.test(code))
      wrong.push(`${path}: Buffer belongs to io, Uint8Array elsewhere`);
    if (outside.includes(layer)) continue;
    if (/\bBun\b/.test(code)) wrong.push(`${path}: Bun belongs to ${outside.join(", ")}`);
    const foreign = importsOf(text).filter((name) => /^(?:bun$|bun:|node:)/.test(name));
    for (const name of foreign) if (!nodeModules[layer]?.includes(name)) wrong.push(`${path}: imports ${name}`);
  }
  return wrong;
}

/** Exports without a doc comment directly above. Overloads and re-exports need none of their own. */
function undocumented(all: Files): string[] {
  const declaration =
    /^export (?:default |declare |async |abstract )*(?:const|let|function\*?|class|interface|type|enum|namespace) +(\w+)/;
  const wrong: string[] = [];
  for (const [path, text] of all) {
    const lines = text.split("\n");
    let previous: string | undefined;
    lines.forEach((line, at) => {
      const name = declaration.exec(line)?.[1];
      if (name === undefined) return;
      if (name !== previous && !endsDocComment(lines, at - 1)) wrong.push(`${path}:${at + 1}: ${name}`);
      previous = name;
    });
  }
  return wrong;
}

function endsDocComment(lines: readonly string[], at: number): boolean {
  if (!lines[at]?.trimEnd().endsWith("*/")) return false;
  for (let line = at; line >= 0; line--) {
    const start = lines[line]?.trimStart();
    if (start?.startsWith("/**")) return true;
    if (start?.startsWith("/*")) return false;
  }
  return false;
}

function tooLong(all: Files, lines = maxLines): string[] {
  const count = (text: string): number => text.trimEnd().split("\n").length;
  return [...all].filter(([, text]) => count(text) > lines).map(([path, text]) => `${path}: ${count(text)} lines`);
}

/** Dots may part a name, as in `reader.property.test.ts`. */
function badNames(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => !path.split(/[/.]/).every((part) => kebabCase.test(part)));
}

function leaking(all: Files): string[] {
  return [...all].flatMap(([path, text]) =>
    text
      .split("\n")
      .flatMap((line, at) => (leaks.some((leak) => leak.test(line)) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
}

describe("the sources", () => {
  const typescript = new Map([...files].filter(([path]) => path.endsWith(".ts")));

  test("import only what their layer's rules allow", () => expect(layering(sources)).toEqual([]));
  test("import, inside a layer, only from rooms that come before theirs", () => {
    expect(roomOrder(sources)).toEqual([]);
  });

  test("need every import that the rules of their layers allow", () => {
    expect(unusedPermissions(sources)).toEqual([]);
  });

  test("have no import cycles", () => expect(cycles(sources)).toEqual([]));
  test("use the operating system only in io, app and cli", () => expect(reachesOutside(sources)).toEqual([]));
  test("have a doc comment on every export", () => expect(undocumented(sources)).toEqual([]));
  test("have no more lines than the limit", () => {
    expect(tooLong(typescript)).toEqual([]);
    const long = tooLong(sources, longLines);
    if (long.length > 0) process.stdout.write(`warning: over ${longLines} lines: ${long.join(", ")}\n`);
  });
  test("are named in kebab case", () => expect(badNames(typescript.keys())).toEqual([]));
  test("name no machine paths and no registries", () => expect(leaking(files)).toEqual([]));
});

describe("the rules of the architecture", () => {
  const only = (path: string, text: string): Files => new Map([[path, text]]);

  test.each([
    ["src/base/a.ts", 'import { x } from "../bytes/reader.ts";'],
    ["src/live/a.ts", 'import type {\n  X,\n} from "../rtmp/x.ts";'],
    ["src/rtmp/a.ts", 'export * from "../io/x.ts";'],
    ["src/io/a.ts", 'const x = await import("../app/x.ts");'],
    ["src/features/hls/a.ts", 'import "../dvr/x.ts";'],
    ["src/app/a.ts", 'import { version } from "../../package.json";'],
    ["src/other/a.ts", ""],
  ])("a wrong import in %s", (path, text) => expect(layering(only(path, text))).toHaveLength(1));

  test("accept allowed imports, and ignore imports in comments", () => {
    const text =
      'import { x } from "../base/x.ts";\nimport * as v from "valibot";\n// import { y } from "../app/y.ts";';
    expect(layering(only("src/live/a.ts", text))).toEqual([]);
  });

  test("find a cycle over three files", () => {
    const ring = ["a", "b", "c"].map((name, at, all) => {
      return [`src/base/${name}.ts`, `import type { X } from "./${all[(at + 1) % 3]}.ts";`] as const;
    });
    expect(cycles(new Map(ring))).toEqual(["src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts"]);
  });

  test.each([
    ["src/live/a.ts", "Bun.sleep(1);"],
    ["src/features/hls/a.ts", 'import { serve } from "bun";'],
    ["src/amf/a.ts", 'import { createHash } from "node:crypto";'],
    ["src/relay/a.ts", "const now = Date.now();"],
    ["src/app/a.ts", "Buffer.alloc(1);"],
  ])("the outside in %s", (path, text) => expect(reachesOutside(only(path, text))).toHaveLength(1));

  test("ignore system modules that are named in strings and comments", () => {
    expect(reachesOutside(only("src/live/a.ts", '// Bun.sleep\nconst text = "Date.now()";'))).toEqual([]);
  });

  test("find an export without a doc comment directly above it", () => {
    const text =
      "/** Right. */\nexport const a = 1;\n\n/* Wrong. */\nexport async function b() {}\n/** Wrong. */\n\nexport type C = 1;";
    expect(undocumented(only("src/base/a.ts", text))).toEqual(["src/base/a.ts:5: b", "src/base/a.ts:8: C"]);
  });

  test("find long files, bad names and leaked paths", () => {
    expect(tooLong(only("src/a.ts", "x\n".repeat(maxLines + 1)))).toEqual([`src/a.ts: ${maxLines + 1} lines`]);
    expect(badNames(["src/base/good-name.test.ts", "src/base/BadName.ts"])).toEqual(["src/base/BadName.ts"]);
    expect(leaking(only("a.md", `see ${["", "work", "x"].join("/")}`))).toHaveLength(1);
    expect(leaking(only("a.md", `see ${["registry", "example", "org"].join(".")}`))).toHaveLength(1);
  });
});
