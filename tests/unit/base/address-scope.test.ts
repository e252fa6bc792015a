import { expect, test } from "bun:test";
import { isPublicIp } from "../../../src/base/address-scope.ts";

test.each([
  "8.8.8.8",
  "203.0.113.7",
  "172.15.255.255",
  "172.32.0.0",
  "100.128.0.1",
  "2001:db8::1",
  "::ffff:8.8.8.8",
  "64:ff9b::808:808",
  "2002:808:808::1",
])("%s is on the public internet", (address) => {
  expect(isPublicIp(address)).toBe(true);
});

test.each([
  "0.0.0.0",
  "10.255.0.1",
  "100.64.0.1",
  "127.0.0.1",
  "127.9.9.9",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:192.168.1.5",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fe80::1%eth0",
  "ff02::1",
  "64:ff9b::7f00:1",
  "64:ff9b:1::a00:1",
  "64:ff9b:1:a00:1:0:808:808",
  "::127.0.0.1",
  "::ffff:0:127.0.0.1",
  "2001:0:808:808::1",
  "4000::1",
  "2002:7f00:1::",
  "localhost",
  "example.com",
  "",
])("%p is not on the public internet", (address) => {
  expect(isPublicIp(address)).toBe(false);
});
