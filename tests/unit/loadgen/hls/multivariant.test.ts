import { expect, test } from "bun:test";
import { chosenVariant, type MultivariantPlaylist } from "../../../../src/loadgen/hls/multivariant.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";

const ladder = `\uFEFF#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",DEFAULT=YES,URI="sound.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="inside",NAME="English"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="inside"

# the middle
mid/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=5000000,AVERAGE-BANDWIDTH=1,AUDIO="sound"
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=800000
low.m3u8
`;

function variants(text: string): MultivariantPlaylist {
  const list = readPlaylist(text);
  if (list.kind === "media") throw new Error("of segments");
  return list;
}

test("players play the first variant, the best, or each another one", () => {
  const list = variants(ladder);
  const chosen = (choice: "first" | "best" | "all", player = 0) => chosenVariant(list, choice, player).uri;
  expect([chosen("first"), chosen("first", 7), chosen("best", 7)]).toEqual([
    "mid/index.m3u8",
    "mid/index.m3u8",
    "high.m3u8",
  ]);
  expect([0, 1, 2, 3].map((player) => chosen("all", player))).toEqual([
    ...["mid/index.m3u8", "high.m3u8", "low.m3u8"],
    "mid/index.m3u8",
  ]);
});

test("a variant whose audio has a playlist of its own is recognised", () => {
  expect(variants(ladder).variants.map(({ soundApart }) => soundApart)).toEqual([false, true, false]);
});

test("of several servers, the variants of the first are taken", () => {
  const two = ladder.replaceAll("BANDWIDTH=", 'PATHWAY-ID="a",BANDWIDTH=');
  const places = `${two}${two.slice(two.indexOf("#EXT-X-STREAM")).replaceAll('"a"', '"b"')}`;
  expect(variants(places).variants).toHaveLength(3);
});
