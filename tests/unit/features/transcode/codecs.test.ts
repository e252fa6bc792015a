import { expect, test } from "bun:test";
import { parseCodec } from "../../../../src/features/transcode/codecs.ts";

test.each([
  ["hevc", "hevc"],
  ["H265", "hevc"],
  ["avc", "h264"],
  ["MP3", "mp3"],
])("the codec %s is FFmpeg's %s", (text, name) => {
  expect(parseCodec(text)).toBe(name);
});

test("a codec that streams can't have is refused with the nearest possible one", () => {
  expect(() => parseCodec("hevcc")).toThrow('did you mean "hevc"?');
});
