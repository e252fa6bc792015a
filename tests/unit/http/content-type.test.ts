import { expect, test } from "bun:test";
import { contentType } from "../../../src/http/content-type.ts";

test.each([
  ["/live/a.m3u8", "application/vnd.apple.mpegurl"],
  ["/live/a.TS", "video/mp2t"],
  ["a.flv", "video/x-flv"],
  ["a.aac", "audio/aac"],
  ["a.mp3", "audio/mpeg"],
  ["/index.html", "text/html; charset=utf-8"],
  ["/a.min.js", "text/javascript; charset=utf-8"],
  ["/a.wasm", "application/wasm"],
  ["/a.b/c", "application/octet-stream"],
  ["/a.", "application/octet-stream"],
  ["/a.constructor", "application/octet-stream"],
  ["/a.__proto__", "application/octet-stream"],
])("%s is %s", (path, type) => expect(contentType(path)).toBe(type));
