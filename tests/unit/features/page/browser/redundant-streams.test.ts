import { expect, test } from "bun:test";
import { withRedundantStreams } from "../../../../../src/features/page/browser/redundant-streams.ts";

const HEAD = "#EXTM3U\n#EXT-X-VERSION:3\n";
const TAG = '#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="avc1.42c00c"';
const URL_HERE = "https://a.example/live/cam.m3u8?sign=a%2Bb";

test("each variant is also listed at the other servers, in the viewer's session", () => {
  const playlist = `${HEAD}${TAG}\ncam.m3u8?sign=a%2Bb&hls_ctx=0f\n`;
  const others = ["https://b.example/live/cam.m3u8?sign=a%2Bb", "https://c.example/live/cam.m3u8"];
  expect(withRedundantStreams(playlist, URL_HERE, others)).toBe(
    `${HEAD}${TAG}\ncam.m3u8?sign=a%2Bb&hls_ctx=0f\n` +
      `${TAG}\nhttps://b.example/live/cam.m3u8?sign=a%2Bb&hls_ctx=0f\n` +
      `${TAG}\nhttps://c.example/live/cam.m3u8?hls_ctx=0f\n`,
  );
});

test.each([
  ["it names other servers itself", `${HEAD}#EXT-X-CONTENT-STEERING:SERVER-URI="/s"\n${TAG}\ncam.m3u8?hls_ctx=0f\n`],
  ["it has no session", `${HEAD}${TAG}\ncam.m3u8\n`],
  ["it is a media playlist", `${HEAD}#EXTINF:2.000,\ncam/0-1.ts\n`],
])("a playlist stays as it is when %s", (_why, playlist) => {
  expect(withRedundantStreams(playlist, URL_HERE, ["https://b.example/live/cam.m3u8"])).toBe(playlist);
});
