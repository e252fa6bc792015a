import { expect, test } from "bun:test";
import { parseConfig } from "../../../src/app/config/index.ts";
import { Vhosts } from "../../../src/app/vhosts.ts";

test("a vhost is found by its name in any case, every other name leads to the default one", () => {
  const text = '[vhost."Live.Example.com"]\ngop_cache = false\n[vhost.__defaultVhost__]';
  const vhosts = new Vhosts(parseConfig(text, "test.toml").vhost);
  expect(vhosts.find("live.example.COM")).toMatchObject({ name: "Live.Example.com", config: { gop_cache: false } });
  expect(vhosts.find("other.example.com")?.name).toBe("__defaultVhost__");
});

test("without a default vhost an unknown name leads nowhere", () => {
  expect(new Vhosts(parseConfig("[vhost.a]", "test.toml").vhost).find("b")).toBeUndefined();
});
