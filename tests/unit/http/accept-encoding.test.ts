import { expect, test } from "bun:test";
import { acceptsGzip } from "../../../src/http/accept-encoding.ts";

// Source: the examples of RFC 9110, 12.5.3, and its rules.
test.each([
  [undefined, false],
  ["", false],
  ["*", true],
  ["compress, gzip", true],
  ["compress;q=0.5, gzip;q=1.0", true],
  ["gzip;q=1.0, identity; q=0.5, *;q=0", true],
  ["gzip, deflate, br, zstd", true],
  ["GZip;Q=0.001", true],
  ["x-gzip", true],
  ["gzip;q=0", false],
  ["gzip;q=0.000, *", false],
  ["*;q=0", false],
  ["*;q=0.5, identity;q=0.6", false],
  ["identity, gzip;q=0.5", false],
  ["identity;q=0.5, gzip;q=0.5", true],
  ["br;q=1, deflate", false],
  ["gzip;q=2", false],
  ["gzip;q=-1", false],
  ["gzip;q=", false],
  ["gzip;level=9", false],
  [",, \tgzip\t;\tq=0.9 ,", true],
])("Accept-Encoding %p allows gzip: %p", (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected);
});
