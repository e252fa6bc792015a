import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertConfig } from "../../../../src/app/config/convert.ts";
import { loadConfig, parseConfig } from "../../../../src/app/config/index.ts";
import { directives, type Entry } from "../../../../src/config/srs/directives.ts";
import { errorsOf } from "../../../support/config.ts";
import { srsShapes } from "../../../vectors/srs-shapes.ts";

const folder = mkdtempSync(join(tmpdir(), "srs-shapes-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "srs.conf");
const written = (conf: string) => {
  writeFileSync(path, conf);
  return path;
};
/** The directives that messages are about, without those that make no difference. */
const named = (lines: readonly string[]) =>
  lines.filter((line) => !line.includes(": ignored: ")).map((line) => line.split(": ")[1] ?? "");

describe.each([...srsShapes])("$name", ({ conf, leftOut, refused }) => {
  test(
    refused.length === 0 ? "starts, with a warning for each thing left out" : "is refused, with what to ignore",
    () => {
      if (refused.length === 0) return expect(named(loadConfig(written(conf)).warnings)).toEqual([...leftOut]);
      const lines = errorsOf(() => loadConfig(written(conf)));
      expect([...new Set(lines.map((line) => line.split("--ignore ")[1]))]).toEqual([...refused]);
      expect(named(loadConfig(path, {}, refused).warnings)).toEqual([...leftOut]);
    },
  );

  test("converts to TOML with what was left out as comments in it", () => {
    const { toml, isWhole } = convertConfig(written(conf));
    expect(isWhole).toBe(leftOut.length === 0);
    expect(parseConfig(toml, "x.toml")).toEqual(loadConfig(path, {}, refused).config);
    for (const name of leftOut) expect(toml).toMatch(new RegExp(`^# \\S+:1: ${name}: left out: .*\n#   ${name} `, "m"));
  });
});

describe("every directive is known at each of its places", () => {
  test.each(directives.flatMap(({ spellings, rule }) => spellings.map((spelling) => [spelling, rule] as const)))(
    "%s",
    (spelling, rule) => {
      const lines = [
        ...errorsOf(() => loadConfig(written(inBlocks(spelling, rule)))),
        ...convertConfig(path).messages,
      ].join("\n");
      expect(lines).not.toMatch(/unknown|belongs/);
      if (rule.kind === "left out") expect(lines).toInclude(": left out: ");
      if (rule.kind === "refused") expect(lines).toInclude(`--ignore ${rule.ignore}`);
    },
  );
});

describe("what is wrong in a file is left out by convert, in its place:", () => {
  test.each([
    [
      "a wrong value",
      "max_connections many;\nlisten 1936;",
      'listen = 1936\n# F:1: max_connections: must be a whole number from 1 to 1000000, not "many"\n#   max_connections many;\n',
    ],
    [
      "one target of several",
      "vhost a { forward b c:x d; }",
      '[vhost.a]\nforward = ["b", "d"]\n# F:1: forward: "c:x": "x" is not a port, 1 to 65535\n#   forward b c:x d;\n',
    ],
    [
      "an unknown directive",
      "vhost a {\nfoo { bar 1; }\n}",
      "[vhost.a]\n# F:2: foo: left out: unknown directive of unknown effect; remove it (docs/srs-conf.md lists the known ones)\n#   foo {\n#       bar 1;\n#   }\n",
    ],
    [
      "what stands behind a mistake of syntax",
      "listen 1936;\nvhost a { gop_cache off;\n}}\nchunk_size 1;",
      "listen = 1936\n# F:3: an unmatched closing brace\n\n[vhost.a]\ngop_cache = false\n",
    ],
    [
      "a block without its end",
      "listen 1936;\nvhost a { gop_cache off;\n",
      'listen = 1936\n# F:2: the block "vhost" has no closing brace\n\n[vhost.a]\ngop_cache = false\n',
    ],
    [
      "a file that is not there",
      "include none.conf;\nlisten 1936;",
      "listen = 1936\n# F:1: include: cannot read D/none.conf: no such file\n",
    ],
    [
      "a vhost of an impossible name",
      'vhost "a b" { gop_cache off; }',
      '# F:1: vhost: a vhost is a host name or an address: letters, digits, and . _ : -\n#   vhost "a b" {\n#       play {\n#           gop_cache off;\n#       }\n#   }\n',
    ],
    [
      "a second vhost of one host",
      "vhost A.com { gop_cache off; }\nvhost a.com { queue_length 6; }",
      '# F:2: vhost: is the same host as "A.com"; keep one of them\n#   vhost a.com {\n#       play {\n#           queue_length 6;\n#       }\n#   }\n\n[vhost."A.com"]\ngop_cache = false\n',
    ],
    [
      "an engine that is not whole",
      "vhost a { transcode { enabled on; ffmpeg f; engine e { enabled on; vcodec copy; acodec copy; } } }",
      '[vhost.a]\n# F:1: engine: has no output; write where the result goes, output = "live.example.com/[app]/[stream]"\n#   engine e {\n#       enabled on;\n#       vcodec copy;\n#       acodec copy;\n#   }\n',
    ],
    [
      "a word with control characters",
      'dvr "a\nb\u0007";',
      '# F:1: dvr: left out: unknown directive here; it belongs in a vhost\n#   dvr "a\\nb\\u0007";\n',
    ],
  ])("%s", (_, conf, expected) => {
    const { toml, messages, isWhole } = convertConfig(written(conf));
    expect(toml.replaceAll(path, "F").replaceAll(folder, "D")).toBe(expected);
    expect(isWhole).toBe(false);
    expect(messages.length).toBe(1);
    parseConfig(toml, "x.toml");
  });
});

test("security can't be ignored, and --ignore does not offer it", () => {
  for (const name of ["security", "secur", "refer", "listen"]) {
    expect(() => loadConfig(written(""), {}, [name])).toThrow(
      `--ignore "${name}": the server does not start without this`,
    );
    expect(() => loadConfig(path, {}, [name])).not.toThrow(/security(?!")|did you mean security/);
  }
  expect(() => loadConfig(path, {}, ["transcod"])).toThrow("did you mean transcode?");
});

/** A file with one directive, whose blocks are switched on where they have to be. */
function inBlocks(spelling: string, rule: Entry["rule"]): string {
  const words = spelling.split(" ");
  const last = words.pop() ?? "";
  const isFeature = rule.kind === "left out" || rule.kind === "refused";
  const isBlock = last === "auth" || (words.join() === "vhost" && isFeature) || (words.length === 0 && isFeature);
  let text = isBlock ? `${last} x { enabled on; }` : `${last} on;`;
  if (rule.opens !== undefined) text = `${last} ${rule.opens === "vhost" ? "a " : ""}{ }`;
  const switched = /^(?:forward|hls|refer|security|http_hooks|http_api|rtmps)$/;
  return words.reduceRight((inner, word) => {
    if (word === "vhost") return `vhost a { ${inner} }`;
    return `${word} { ${switched.test(word) && last !== "enabled" ? "enabled on; " : ""}${inner} }`;
  }, text);
}
