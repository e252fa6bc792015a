import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { UserError } from "../../../src/base/errors.ts";
import {
  contains,
  formatIp,
  formatNetwork,
  innerIPv4s,
  normaliseIp,
  parseIp,
  parseNetwork,
  siteName,
} from "../../../src/base/network.ts";

/** The examples of RFC 5952 (section 1 and 4) and RFC 4291 (2.2, 2.5.5.2), and what sockets give. */
test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:DB8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["::13.1.68.3", "::d01:4403"],
  ["fe80::1%eth0", "fe80::1"],
])("%p is written %p", (text, shortest) => expect(normaliseIp(text)).toBe(shortest));

test.each([
  "",
  "localhost",
  "1.2.3",
  "1.2.3.4.5",
  "256.1.1.1",
  "01.2.3.4",
  "1.2.3.4:80",
  ":::",
  "1::2::3",
  "[::1]",
  "12345::",
  "::1/64",
])("%p is no address, and is returned unchanged", (text) => {
  expect(parseIp(text)).toBeUndefined();
  expect(normaliseIp(text)).toBe(text);
});

test("every address reads back as it is written", () => {
  const bytes = fc.oneof(
    fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
    fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      const read = parseIp(formatIp(address));
      expect(read).toEqual(formatIp(address).includes(":") || address.length === 4 ? address : address.slice(12));
    }),
  );
});

test("any other text is no address, and as a network throws only UserError", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:./%]{0,45}$/));
  fc.assert(
    fc.property(text, (written) => {
      expect([undefined, 4, 16]).toContain(parseIp(written)?.length);
      try {
        expect(formatNetwork(parseNetwork(written))).toBeTruthy();
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["64:ff9b::c000:201", "192.0.2.1"],
  ["64:ff9b::192.0.2.1", "192.0.2.1"],
  ["64:ff9b:1::c000:201", "192.0.2.1"],
  ["64:ff9b:1:c000:2:100::", "192.0.2.1"],
  ["64:ff9b:1:c0:0:201::", "192.0.2.1"],
  ["64:ff9b:1:7:c0:2:100::", "192.0.2.1"],
  ["2002:c000:201:5::9", "192.0.2.1"],
  ["64:ff9b:2::c000:201", undefined],
  ["2001:db8::c000:201", undefined],
  ["::ffff:192.0.2.1", undefined],
  ["192.0.2.1", undefined],
])("%p stands for %p", (text, inner) => {
  const found = innerIPv4s(parseIp(text) ?? []).map(formatIp);
  expect(found.includes(inner ?? "") || (inner === undefined && found.length === 0)).toBe(true);
});

describe("A network", () => {
  test.each([
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["11.0.0.0", "9.255.255.255", "a00::"]],
    ["192.168.1.128/25", ["192.168.1.128", "192.168.1.255"], ["192.168.1.127", "192.168.2.128"]],
    ["192.168.1.6", ["192.168.1.6"], ["192.168.1.7", "192.168.1.5"]],
    ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1", "2001:db8::1"]],
    ["::/0", ["::1", "ffff::"], ["1.2.3.4", "::ffff:1.2.3.4"]],
    ["2001:db8::/33", ["2001:db8::1", "2001:db8:7fff::1"], ["2001:db8:8000::"]],
    ["::ffff:10.0.0.0/104", ["10.1.2.3"], ["11.0.0.0"]],
    ["fe80::/10", ["fe80::1%eth0", "febf::1"], ["fec0::1"]],
  ])("%p holds its addresses and no others", (text, inside, outside) => {
    const network = parseNetwork(text);
    const holds = (one: string) => contains(network, parseIp(one) ?? []);
    expect(inside.filter((one) => !holds(one))).toEqual([]);
    expect(outside.filter(holds)).toEqual([]);
  });

  test.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.0.0.1/32", "10.0.0.1"],
    ["2001:DB8:0::/32", "2001:db8::/32"],
    ["::1/128", "::1"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
  ])("written as %p is shown as %p", (text, shortest) => expect(formatNetwork(parseNetwork(text))).toBe(shortest));

  test.each([
    ["10.1.2.3/8", '"10.1.2.3/8" is an address within a network; write 10.0.0.0/8 or 10.1.2.3'],
    ["10.0.0.0/33", '"10.0.0.0/33": after the slash comes a number of bits, 0 to 32'],
    ["10.0.0.0/", '"10.0.0.0/": after the slash comes a number of bits, 0 to 32'],
    ["::/129", '"::/129": after the slash comes a number of bits, 0 to 128'],
    ["::ffff:10.0.0.0/8", '"::ffff:10.0.0.0/8": after the slash comes a number of bits, 96 to 128'],
    ["10.0.0/8", '"10.0.0/8" is not an IP address or a network such as 10.0.0.0/8'],
    ["example.com", '"example.com" is not an IP address or a network such as 10.0.0.0/8'],
    ["", '"" is not an IP address or a network such as 10.0.0.0/8'],
    ["[::1]", '"[::1]" is not an IP address or a network such as 10.0.0.0/8'],
  ])("cannot be written %p", (text, message) => {
    expect(() => parseNetwork(text)).toThrow(new UserError(message));
  });

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ])("of the site of %p is named %p", (text, site) => expect(siteName(text)).toBe(site));
});
