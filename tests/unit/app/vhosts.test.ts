import { expect, test } from "bun:test";
import { parseConfig } from "../../../src/app/config/index.ts";
import { Vhosts } from "../../../src/app/vhosts.ts";

function vhostsOf(text: string): Vhosts {
  const { vhost } = parseConfig(text, "test.toml");
  return new Vhosts(() => vhost);
}

test("a vhost is found by its name in upper or lower case, and every other name leads to the default one", () => {
  const vhosts = vhostsOf('[vhost."Live.Example.com"]\ngop_cache = false\n[vhost.__defaultVhost__]');
  expect(vhosts.find("live.example.COM")).toMatchObject({ name: "Live.Example.com", config: { gop_cache: false } });
  expect(vhosts.find("other.example.com")?.name).toBe("__defaultVhost__");
});

test("a fully qualified name, with a dot at its end, leads to the same vhost", () => {
  for (const configured of ["example.com", "example.com."]) {
    const vhosts = vhostsOf(`[vhost."${configured}"]\n[vhost.__defaultVhost__]`);
    expect(["example.com.", "EXAMPLE.com"].map((name) => vhosts.find(name)?.name)).toEqual([configured, configured]);
  }
});

test("without a default vhost an unknown name leads nowhere", () => {
  expect(vhostsOf("[vhost.a]").find("b")).toBeUndefined();
});

test("a vhost is found by its exact configured name", () => {
  const vhosts = vhostsOf("[vhost.a]\n[vhost.__defaultVhost__]");
  expect(vhosts.named("a")?.name).toBe("a");
  expect([vhosts.named("A"), vhosts.named("b")]).toEqual([undefined, undefined]);
});

test("the vhosts that are found follow the configuration in effect", () => {
  let { vhost } = parseConfig("[vhost.a]", "test.toml");
  const vhosts = new Vhosts(() => vhost);
  expect(vhosts.find("b")).toBeUndefined();
  ({ vhost } = parseConfig("[vhost.b]", "test.toml"));
  expect([vhosts.find("a"), vhosts.find("b")?.name]).toEqual([undefined, "b"]);
});
