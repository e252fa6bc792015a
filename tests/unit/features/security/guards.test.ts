import { expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";
import type { Security } from "../../../../src/features/security/config.ts";
import { isPublishingOpen, securityGuards } from "../../../../src/features/security/guards.ts";
import { sign } from "../../../../src/features/security/signature.ts";
import type { AccessRequest, GuardResult } from "../../../../src/live/ports/access.ts";
import { accessRequest } from "../../../support/access.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const KEY = "correct-horse-battery-staple";

class Stage {
  readonly clock = new FakeClock();
  toml = "";

  /** Which guard refuses, and why. */
  refusal(change: Partial<AccessRequest> = {}): string | undefined {
    const { vhost } = parseConfig(`[vhost.__defaultVhost__.security]\n${this.toml}`, "x.toml");
    const guards = securityGuards({ clock: this.clock, security: (name) => vhost.get(name)?.security });
    for (const guard of guards) {
      const said = guard.check(accessRequest(change)) as GuardResult;
      if (said !== undefined) return `${guard.name}: ${said.reason}`;
    }
    return undefined;
  }

  /** Parameters that are good for a minute. */
  signed(action: "publish" | "play", addr = ""): Partial<AccessRequest> {
    const exp = String(Math.floor(this.clock.wall() / 1000) + 60);
    const { name } = accessRequest();
    return { action, param: `?exp=${exp}&addr=${addr}&sign=${sign(KEY, { action, name, exp, addr })}` };
  }
}

test("a vhost without rules lets all clients in, and so does one that is gone", () => {
  const stage = new Stage();
  expect(stage.refusal()).toBeUndefined();
  expect(stage.refusal({ name: { vhost: "gone", app: "a", stream: "s" } })).toBeUndefined();
});

test("pages are checked first, then addresses, then signatures", () => {
  const stage = new Stage();
  const rules = [`play_keys = "${KEY}"`, 'deny = "192.0.2.0/24"', 'refer = "example.com"'];
  const found = rules.map((rule) => {
    stage.toml += `${rule}\n`;
    return stage.refusal()?.split(":", 1)[0];
  });
  expect(found).toEqual(["signature", "address", "refer"]);
});

test("publish_keys apply to publishers, play_keys to players", () => {
  const stage = new Stage();
  stage.toml = `publish_keys = "${KEY}"`;
  expect(stage.refusal({ action: "publish" })).toBe("signature: to publish this stream, the URL must be signed");
  expect(stage.refusal(stage.signed("publish"))).toBeUndefined();
  expect(stage.refusal(stage.signed("publish", "192.0.2.1"))).toBeUndefined();
  expect(stage.refusal()).toBeUndefined();
  stage.clock.advance(91_000);
  const late = { ...stage.signed("publish") };
  stage.clock.advance(91_000);
  expect(stage.refusal(late)).toBe("signature: the URL has expired");
});

test("a trusted server needs neither page nor signature, but must pass the address rules", () => {
  const stage = new Stage();
  stage.toml = `trusted = ["play 192.0.2.0/24"]\nplay_keys = "${KEY}"\nrefer = "example.com"\n`;
  expect(stage.refusal()).toBeUndefined();
  expect(stage.refusal({ address: "198.51.100.1" })).toContain("refer:");
  expect(stage.refusal({ address: "" })).toContain("refer:");
  stage.toml += 'deny = "play 192.0.2.1"';
  expect(stage.refusal()).toContain("address:");
});

test("a server that is trusted to play is not trusted to publish, and the other way round", () => {
  const stage = new Stage();
  for (const action of ["play", "publish"] as const) {
    stage.toml = `trusted = "${action} 192.0.2.1"\npublish_keys = "${KEY}"\nplay_keys = "${KEY}"\n`;
    for (const asked of ["play", "publish"] as const)
      expect(stage.refusal({ action: asked }) === undefined).toBe(asked === action);
  }
});

test("a server that asks on behalf of a client is not trusted: the client needs page and signature", () => {
  const stage = new Stage();
  stage.toml = `trusted = ["play 192.0.2.1", "publish 192.0.2.1"]\npublish_keys = "${KEY}"\nplay_keys = "${KEY}"\n`;
  for (const action of ["play", "publish"] as const) {
    expect(stage.refusal({ action })).toBeUndefined();
    expect(stage.refusal({ action, forClient: true })).toContain("signature:");
    expect(stage.refusal({ ...stage.signed(action), forClient: true })).toBeUndefined();
  }
  stage.toml += 'refer = "example.com"\n';
  expect(stage.refusal({ forClient: true })).toContain("refer:");
});

test.each([
  ["", true],
  ['play_keys = "correct-horse-battery-staple"', true],
  ['refer_publish = "example.com"', true],
  ['deny = "publish 192.0.2.0/24"', true],
  ['enabled = false\nallow = "play all"\ndeny = "all"', true],
  ['publish_keys = "correct-horse-battery-staple"', false],
  ['allow = "play all"', false],
  ['allow = "publish 192.0.2.0/24"', false],
  ['deny = "publish all"', false],
  ["enabled = true", false],
  ['enabled = true\ndeny = "publish 192.0.2.7"', true],
])("with %p, whether anybody may publish: %p", (toml, open) => {
  const { vhost } = parseConfig(`[vhost.a.security]\n${toml}`, "x.toml");
  expect(isPublishingOpen(vhost.get("a")?.security as Security)).toBe(open);
});
