import { expect, test } from "bun:test";
import { nearest } from "../../../src/base/suggest.ts";

const known = ["listen", "max_connections", "gop_cache", "gop_cache_max_frames", "forward"];

test.each([
  ["gop_cach", "gop_cache"],
  ["gpo_cache", "gop_cache"],
  ["Listen", "listen"],
  ["forwad", "forward"],
  ["max_connection", "max_connections"],
  ["lsten", "listen"],
])("for %s, %s is suggested", (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test.each(["hls", "x", "", "something_else_entirely", "f".repeat(100_000)])("nothing is near %.30s", (word) => {
  expect(nearest(word, known)).toBeUndefined();
});

test("the nearest of several names is suggested", () => {
  expect(nearest("gop_cache_max_frame", known)).toBe("gop_cache_max_frames");
});
