import { expect, test } from "bun:test";
import { formatHostPort, parseHostPort, parseListen } from "../../../src/base/address.ts";
import { UserError } from "../../../src/base/errors.ts";

test.each([
  [1935, "::", 1935],
  [0, "::", 0],
  ["1935", "::", 1935],
  ["0.0.0.0:1935", "0.0.0.0", 1935],
  ["[::1]:1935", "::1", 1935],
  ["[0:0:0::0:1]:80", "::1", 80],
  ["[FE80::1%eth0]:80", "fe80::1%eth0", 80],
  ["Localhost:0", "localhost", 0],
] as const)("listen on %p", (value, host, port) => {
  expect(parseListen(value)).toEqual({ host, port });
});

test.each([
  [65536, '"65536" is not a port, 0 to 65535'],
  [-1, '"-1" is not a port, 0 to 65535'],
  [1935.5, '"1935.5" is not a port, 0 to 65535'],
  [Number.NaN, '"NaN" is not a port, 0 to 65535'],
  ["localhost", '"localhost" has no port; write "localhost:1935"'],
  ["10.0.0.1", '"10.0.0.1" has no port; write "10.0.0.1:1935"'],
  ["[::1]", '"[::1]" has no port; write "[::1]:1935"'],
  ["::1:1935", '"::1:1935" is ambiguous; write an IPv6 address in brackets, as in "[::1]:1935"'],
  [":1935", '":1935" has no host'],
  ["", '"" has no host'],
  ["a:", '"" is not a port, 0 to 65535'],
  ["a:b", '"b" is not a port, 0 to 65535'],
  ["256.0.0.1:80", '"256.0.0.1" is not an IPv4 address'],
  ["1.2.3:80", '"1.2.3" is not an IPv4 address'],
  ["[::g]:80", '"[::g]" is not an IPv6 address'],
  ["[]:80", '"[]" is not an IPv6 address'],
  ["a b:80", '"a b" is not a host name or an address'],
  ["*:80", '"*" is not a host name or an address'],
  ["a..b:80", '"a..b" is not a host name or an address'],
] as const)("listen on %p is refused", (value, message) => {
  expect(() => parseListen(value)).toThrow(new UserError(message));
});

test.each([
  ["edge-1.example.com", "edge-1.example.com", 1935],
  ["192.168.1.6:1936", "192.168.1.6", 1936],
  ["[2001:db8::1]", "2001:db8::1", 1935],
  ["[2001:db8::1]:80", "2001:db8::1", 80],
] as const)("dial %s", (text, host, port) => {
  expect(parseHostPort(text, 1935)).toEqual({ host, port });
});

test("a port to dial is not 0", () => {
  expect(() => parseHostPort("a:0", 1935)).toThrow(new UserError('"0" is not a port, 1 to 65535'));
});

test("IPv6 hosts are written in brackets", () => {
  expect(formatHostPort({ host: "::1", port: 80 })).toBe("[::1]:80");
  expect(formatHostPort({ host: "a", port: 80 })).toBe("a:80");
});
