import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Claims, checkSignature, sign } from "../../../../src/features/security/signature.ts";
import { accessRequest } from "../../../support/access.ts";
import { signedUrls } from "../../../vectors/signed-urls.ts";

test.each(signedUrls)("a signature is the HMAC-SHA256 of six lines: $hex", ({ key, claims, hex }) => {
  expect(sign(key, claims)).toBe(hex);
});

const [{ key, claims, hex }] = signedUrls;
const NOW = Number(claims.exp) * 1000;
const signed = (param: string, change: Parameters<typeof accessRequest>[0] = {}) =>
  accessRequest({ action: "play", name: claims.name, param, ...change });
const check = (request: ReturnType<typeof accessRequest>, keys: readonly string[] = [key], now = NOW - 1000) =>
  checkSignature(keys, request, now)?.reason;
const WRONG = "the signature does not fit this URL";

describe("A signed URL", () => {
  test("is accepted with its parameters at any position", () => {
    expect(check(signed(`?exp=${claims.exp}&sign=${hex}`))).toBeUndefined();
    expect(check(signed(`?a=b&sign=${hex}&c&exp=${claims.exp}`))).toBeUndefined();
  });

  test("is valid until 30 s after its time, as the clock of its maker may differ", () => {
    const request = signed(`?exp=${claims.exp}&sign=${hex}`);
    expect(check(request, [key], NOW + 30_999)).toBeUndefined();
    expect(check(request, [key], NOW + 31_000)).toBe("the URL has expired");
  });

  test("is accepted with any of several keys, so that they can be rotated", () => {
    const request = signed(`?exp=${claims.exp}&sign=${hex}`);
    expect(check(request, ["another-key-altogether", key])).toBeUndefined();
    expect(check(request, ["another-key-altogether"])).toBe(WRONG);
  });

  test("for one address is refused at another", () => {
    const bound: Claims = { ...claims, addr: "2001:db8::7" };
    const param = `?exp=${claims.exp}&addr=2001:db8::7&sign=${sign(key, bound)}`;
    expect(check(signed(param, { address: "2001:db8::7" }))).toBeUndefined();
    expect(check(signed(param.replaceAll(":db8", "%3Adb8"), { address: "2001:db8::7" }))).toBeUndefined();
    expect(check(signed(param))).toBe("the URL is signed for another address");
    expect(check(signed(`?exp=${claims.exp}&sign=${sign(key, bound)}`, { address: "2001:db8::7" }))).toBe(WRONG);
  });

  test.each([
    ["without parameters", {}, ""],
    ["without exp", {}, `?sign=${hex}`],
    ["without sign", {}, `?exp=${claims.exp}`],
  ])("%s is refused", (_, change, param) => {
    expect(check(signed(param, change))).toBe("to play this stream, the URL must be signed");
  });

  test.each([
    ["to publish", { action: "publish" }],
    ["for another vhost", { name: { ...claims.name, vhost: "other.com" } }],
    ["for another app", { name: { ...claims.name, app: "other" } }],
    ["for another stream", { name: { ...claims.name, stream: "other" } }],
  ] as const)("for another request is refused: %s", (_, change) => {
    expect(check(signed(`?exp=${claims.exp}&sign=${hex}`, change))).toBe(WRONG);
  });

  test.each([
    `?exp=1898761600&sign=${hex}`,
    `?exp=${claims.exp}&sign=`,
    `?exp=${claims.exp}&sign=${hex.toUpperCase()}`,
    `?exp=${claims.exp}&sign=${hex}0`,
    `?exp=${claims.exp}&sign=\u{1f600}`,
    `?exp=0&exp=${claims.exp}&sign=${hex}`,
  ])("does not fit when it was changed to %p", (param) => expect(check(signed(param))).toBe(WRONG));

  test("with a time that is no number is refused even if it is correctly signed", () => {
    for (const exp of ["", "-1", "1e9", "9999999999999", "Infinity"]) {
      expect(check(signed(`?exp=${exp}&sign=${sign(key, { ...claims, exp })}`))).toBe(WRONG);
    }
  });

  test("is refused after a change of any of its bytes", () => {
    const param = `?exp=${claims.exp}&sign=${hex}`;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: param.length - 1 }),
        fc.constantFrom(..."0123456789abcdef&="),
        (at, other) => {
          const changed = param.slice(0, at) + other + param.slice(at + 1);
          expect(check(signed(changed)) === undefined).toBe(changed === param);
        },
      ),
    );
  });
});
