import { expect, test } from "bun:test";
import { otherServers } from "../../../../src/features/page/other-servers.ts";

const also = (...urls: string[]): string[] =>
  otherServers(urls.map((url) => `also=${encodeURIComponent(url)}`).join("&")).map(({ href }) => href);

test("pages on other servers are read in their order", () => {
  expect(also("https://b.example:8443/live/cam?token=1", "http://[2001:db8::1]:8080/live/cam")).toEqual([
    "https://b.example:8443/live/cam?token=1",
    "http://[2001:db8::1]:8080/live/cam",
  ]);
});

test("a host in non-ASCII letters is read as punycode", () => {
  expect(also("https://bücher.example/live/cam")).toEqual(["https://xn--bcher-kva.example/live/cam"]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,x",
  "ftp://b.example/live/cam",
  "https://user:secret@b.example/live/cam",
  "https://b.example;script-src/live/cam",
  "https://b.example,c.example/live/cam",
  "https://*.example/live/cam",
  "https://'self'/live/cam",
  "//b.example/live/cam",
  "not an address",
  "",
])("%p is not looked at", (url) => expect(also(url)).toEqual([]));

test("only the first three servers are used", () => {
  expect(also(...["a", "b", "c", "d"].map((name) => `https://${name}.example/`))).toHaveLength(3);
});
