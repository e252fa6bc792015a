import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseConfig, shortToml } from "../../../../src/app/config/index.ts";
import { arbitraryToml, configOrRefusal } from "../../../support/config.ts";

test("the defaults need no line at all", () => {
  expect(shortToml(parseConfig("", "x.toml"))).toBe("");
  expect(shortToml(parseConfig("listen = 1935\n[vhost.__defaultVhost__]\ngop_cache = true", "x.toml"))).toBe("");
});

test("a vhost of another name is written even when it has its defaults", () => {
  expect(shortToml(parseConfig('[vhost."a.com"]', "x.toml"))).toBe('[vhost."a.com"]\n');
  expect(shortToml(parseConfig("[vhost.__defaultVhost__]\n[vhost.b]", "x.toml"))).toBe(
    "[vhost.__defaultVhost__]\n\n[vhost.b]\n",
  );
});

test("a value that is the same as the root's is left out, and one that is the default beside another root's is not", () => {
  const text = "chunk_size = 4096\n\n[vhost.a]\n\n[vhost.b]\nchunk_size = 60000\n";
  expect(shortToml(parseConfig(`${text}\n[vhost.c]\nchunk_size = 4096`, "x.toml"))).toBe(`${text}\n[vhost.c]\n`);
});

test("whatever a configuration says, its shortest TOML says the same", () => {
  let read = 0;
  fc.assert(
    fc.property(arbitraryToml, (text) => {
      const config = configOrRefusal(text, "x.toml");
      if (config === undefined) return;
      read++;
      const short = shortToml(config);
      expect(parseConfig(short, "short.toml")).toEqual(config);
      expect(shortToml(parseConfig(short, "short.toml"))).toBe(short);
    }),
    { numRuns: 80 },
  );
  expect(read).toBeGreaterThan(8);
});
