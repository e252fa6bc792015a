import { describe, expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { parseIp } from "../../../../src/base/network.ts";
import { checkAddress, formatAddressRule, parseAddressRule } from "../../../../src/features/security/address-rule.ts";

test.each([
  ["publish 10.0.0.0/8", "publish 10.0.0.0/8"],
  ["play all", "play all"],
  ["all", "all"],
  ["192.168.1.6", "192.168.1.6"],
  [" play   ::FFFF:192.0.2.1 ", "play 192.0.2.1"],
])("the rule %p is %p", (text, same) => expect(formatAddressRule(parseAddressRule(text))).toBe(same));

test.each(["", "publish", "publish ", "watch all", "allow play all", "play all 10.0.0.1"])("%p is no rule", (text) =>
  expect(() => parseAddressRule(text)).toThrow(UserError),
);

/** Whether each of "ACTION ADDRESS" is let in. */
function letIn(
  rules: { enabled?: boolean | "auto"; allow?: string[]; deny?: string[] },
  ...clients: string[]
): string[] {
  const { enabled = "auto", allow = [], deny = [] } = rules;
  const [allowed, denied] = [allow, deny].map((texts) => texts.map(parseAddressRule));
  return clients.filter((client) => {
    const [action, address = ""] = client.split(" ");
    const wanted = action === "publish" ? action : "play";
    const security = { enabled, allow: allowed ?? [], deny: denied ?? [] };
    return checkAddress(security, wanted, parseIp(address)) === undefined;
  });
}

describe("Rules on addresses, as SRS has them,", () => {
  const all = ["publish 10.1.2.3", "play 10.1.2.3", "publish 192.0.2.1", "play 192.0.2.1", "play 2001:db8::1"];

  test("let all clients in while there are none, and none when they are switched on without any", () => {
    expect(letIn({}, ...all)).toEqual(all);
    expect(letIn({ enabled: false }, ...all)).toEqual(all);
    expect(letIn({ enabled: true }, ...all)).toEqual([]);
  });

  test("that are switched off are ignored", () => {
    expect(letIn({ enabled: false, deny: ["all"], allow: ["play 10.0.0.1"] }, ...all)).toEqual(all);
  });

  test("let in clients that an allow matches, and no others, not even for the other action", () => {
    expect(letIn({ allow: ["publish 10.0.0.0/8"] }, ...all)).toEqual(["publish 10.1.2.3"]);
    expect(letIn({ allow: ["publish 10.0.0.0/8", "play all"] }, ...all)).toEqual([
      "publish 10.1.2.3",
      "play 10.1.2.3",
      "play 192.0.2.1",
      "play 2001:db8::1",
    ]);
    expect(letIn({ allow: ["10.0.0.0/8"] }, ...all)).toEqual(["publish 10.1.2.3", "play 10.1.2.3"]);
  });

  test("refuse clients that any deny matches, despite any allow, and let in the rest if there is no allow", () => {
    expect(letIn({ deny: ["play all"] }, ...all)).toEqual(["publish 10.1.2.3", "publish 192.0.2.1"]);
    expect(letIn({ allow: ["all"], deny: ["10.1.2.3", "play 2001:db8::/32"] }, ...all)).toEqual([
      "publish 192.0.2.1",
      "play 192.0.2.1",
    ]);
  });

  test("deny an IPv4 address in each of its spellings, and allow it in its own only", () => {
    const nat64 = ["64:ff9b::c000:201", "64:ff9b:1::c000:201", "64:ff9b:1:c000:2:100::"];
    const spellings = ["192.0.2.1", "::ffff:192.0.2.1", ...nat64, "2002:c000:201::1"];
    const clients = spellings.map((address) => `play ${address}`);
    expect(letIn({ deny: ["192.0.2.0/24"] }, ...clients, "play 64:ff9b::a01:203")).toEqual(["play 64:ff9b::a01:203"]);
    expect(letIn({ allow: ["192.0.2.0/24"] }, ...clients)).toEqual(clients.slice(0, 2));
  });

  test("for all addresses apply to clients without an IP address, and those for networks do not", () => {
    expect(letIn({ allow: ["play all"] }, "play ", "publish ")).toEqual(["play "]);
    expect(letIn({ deny: ["0.0.0.0/0"] }, "play ")).toEqual(["play "]);
  });

  test("name the rule in the log that refused a client", () => {
    const rules = { enabled: "auto", allow: [], deny: [parseAddressRule("publish 10.0.0.0/8")] } as const;
    expect(checkAddress(rules, "publish", [10, 0, 0, 1])).toEqual({
      kind: "denied",
      reason: "publishing is not allowed from this address",
      detail: 'deny "publish 10.0.0.0/8"',
    });
    expect(checkAddress({ ...rules, allow: rules.deny, deny: [] }, "play", [10, 0, 0, 1])).toEqual({
      kind: "denied",
      reason: "playing is not allowed from this address",
      detail: "no allow rule matches",
    });
  });
});
