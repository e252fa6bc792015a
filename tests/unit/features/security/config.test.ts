import { expect, test } from "bun:test";
import { effectiveToml, loadConfig, parseConfig } from "../../../../src/app/config/index.ts";
import { configSecrets } from "../../../../src/app/config/load.ts";
import { formatAddressRule } from "../../../../src/features/security/address-rule.ts";

const text = `[vhost.a.security]
enabled = true
allow = ["publish 10.0.0.0/8", "play all"]
deny = "192.0.2.7"
refer_play = "example.com"
publish_keys = ["0123456789abcdef", "fedcba9876543210"]
trusted = "play 10.0.0.1"
`;

test("keys are never shown and are known as secrets", () => {
  const config = parseConfig(text, "x.toml");
  const shown = effectiveToml({ config, origin: () => undefined });
  expect(shown).toContain('allow = ["publish 10.0.0.0/8", "play all"]');
  expect(shown).toContain('publish_keys = ["***", "***"]');
  expect(shown).not.toContain("0123456789abcdef");
  expect(configSecrets(config).texts).toContain("fedcba9876543210");
});

test.each([
  ['allow = "publish"', '"publish" is not a rule such as "publish 10.0.0.0/8", "play all" or "192.168.1.6"'],
  ['deny = ["play all", "play  all"]', '"play all" is listed twice'],
  ["allow = 7", 'must be a rule such as "publish 10.0.0.0/8", not 7'],
  ['allow = "play 10.1.2.3/8"', "write 10.0.0.0/8 or 10.1.2.3"],
  ['refer = "http://example.com/"', '"http://example.com/" is not a host name such as "example.com"'],
  ['play_keys = "short"', "a key has at least 16 characters and no spaces; openssl rand -hex 32 makes a good one"],
  ['publish_keys = "change_me-please-0123"', "publish_keys: is the example's key, which everybody knows"],
  ['play_keys = ["0123456789abcdef", "0123456789abcdef"]', '"***" is listed twice'],
  ['play_keys = "a key with spaces in it"', "a key has at least 16 characters and no spaces"],
  [
    'trusted = "10.0.0.1"',
    '"10.0.0.1" does not say for what it is trusted: write "play 10.0.0.1" for a server that fetches streams from here, "publish 10.0.0.1" for one that forwards them to here, or both',
  ],
  ['trusted = "play all"', '"play all" trusts every address: leave the keys and pages out instead'],
  ['trusted = "publish ::/0"', '"publish ::/0" trusts every address'],
  ["trusted = 7", 'must be a rule such as "play 192.168.1.8", not 7'],
  ['trusted = ["play 10.0.0.1", "play ::ffff:10.0.0.1"]', '"play 10.0.0.1" is listed twice'],
  ['trusted = "play localhost"', '"localhost" is not an IP address or a network such as 10.0.0.0/8'],
  ['enabled = "on"', 'must be true or false; write true instead of "on"'],
])("%p is refused with a message that says why", (line, message) => {
  expect(() => parseConfig(`[vhost.a.security]\n${line}`, "x.toml")).toThrow(message);
});

test("rules can be set by a variable", () => {
  const environment = {
    SRS_VHOST_SECURITY_ALLOW: "publish 10.0.0.0/8 play all 192.0.2.1",
    SRS_VHOST_SECURITY_TRUSTED: "publish 192.168.1.5 play 192.168.1.0/24",
    SRS_LISTEN: "0",
  };
  const { config } = loadConfig(undefined, environment);
  const { allow, trusted } = config.vhost.get("__defaultVhost__")?.security ?? {};
  expect(allow).toHaveLength(3);
  expect(trusted?.map(formatAddressRule)).toEqual(["publish 192.168.1.5", "play 192.168.1.0/24"]);
});
