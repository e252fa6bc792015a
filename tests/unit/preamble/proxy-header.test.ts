import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { readProxyHeader } from "../../../src/preamble/proxy-header.ts";
import { concat, fromHex } from "../../support/bytes.ts";
import { proxyVectors } from "../../vectors/preamble.ts";

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const v2 = (rest: string) => fromHex(`0d0a0d0a000d0a515549540a${rest}`);

describe("A PROXY protocol header", () => {
  test.each(proxyVectors)("is read: $name", ({ hex, value }) => {
    const bytes = fromHex(hex);
    expect(readProxyHeader(bytes)).toEqual({ length: bytes.length, source: value });
  });

  test.each(proxyVectors)("ends before the client's first bytes: $name", ({ hex, value }) => {
    const bytes = fromHex(hex);
    const header = readProxyHeader(concat([bytes, Uint8Array.of(3, 0x0a, 0x0d, 0x0a)]));
    expect(header).toEqual({ length: bytes.length, source: value });
  });

  test.each(proxyVectors)("is waited for while a part of it is missing: $name", ({ hex }) => {
    const bytes = fromHex(hex);
    for (let length = 0; length < bytes.length; length++) {
      expect(readProxyHeader(bytes.subarray(0, length))).toBeUndefined();
    }
  });
});

describe("What is no PROXY protocol header is refused", () => {
  const none = "no PROXY protocol header";
  const malformed = (what: string) => `malformed PROXY protocol header: ${what}`;
  test.each([
    ["RTMP", Uint8Array.of(3), none],
    ["TLS", Uint8Array.of(0x16, 3, 1), none],
    ["HTTP", latin1("GET /"), none],
    ["another word of the same start", latin1("PROXYING"), none],
    ["a v2 signature that breaks off", fromHex("0d0a0d0a01"), none],
    ["a v1 line that does not end", latin1(`PROXY ${"x".repeat(101)}`), malformed("its line does not end")],
    ["a v1 line that ends with LF", latin1("PROXY UNKNOWN\n"), malformed("its line does not end with CR LF")],
    ["a v1 protocol of its own", latin1("PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n"), malformed('protocol "UDP4"')],
    ["a v1 line without ports", latin1("PROXY TCP4 1.2.3.4 1.2.3.4\r\n"), malformed("fields")],
    ["a v1 line with a field too many", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n"), malformed("fields")],
    ["two spaces in a v1 line", latin1("PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n"), malformed("port")],
    ["a port above 65535", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n"), malformed("port")],
    ["a port with a zero in front", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n"), malformed("port")],
    ["a byte above 255", latin1("PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n"), malformed("address")],
    ["a name for an address", latin1("PROXY TCP4 localhost 1.2.3.4 1 1\r\n"), malformed("address")],
    ["an IPv6 address in TCP4", latin1("PROXY TCP4 ::1 1.2.3.4 1 1\r\n"), malformed("address")],
    ["an IPv4 address in TCP6", latin1("PROXY TCP6 1.2.3.4 ::1 1 1\r\n"), malformed("address")],
    ["v2's version 1", v2("11110000"), malformed("version 1")],
    ["a command of its own", v2("22110000"), malformed("command 2")],
    ["a family of its own", v2("21410000"), malformed("family 0x41")],
    ["a protocol of its own", v2("21130000"), malformed("family 0x13")],
    ["v2 too short for its addresses", v2("2111000b"), malformed("too short for its addresses")],
    ["v2 of 64 KB", v2("2111ffff"), malformed("65535 bytes")],
    ["a go-oryx header without an address", fromHex("f30003"), malformed("3 bytes")],
    ["a go-oryx header of 1025 bytes", fromHex("f30401"), malformed("1025 bytes")],
  ])("%s", (_, bytes, message) => {
    expect(() => readProxyHeader(bytes)).toThrow(new ProtocolError(message));
  });
});
