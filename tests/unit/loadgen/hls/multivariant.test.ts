import { expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { audioOf, type MultivariantPlaylist } from "../../../../src/loadgen/hls/multivariant.ts";
import { readPlaylist } from "../../../../src/loadgen/hls/playlist.ts";
import { firstVariant, labelOf, type VariantChoice } from "../../../../src/loadgen/hls/variant-choice.ts";

const ladder = `\uFEFF#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Deutsch",AUTOSELECT=YES,URI="german.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",DEFAULT=YES,URI="english.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="inside",NAME="English"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="inside",NAME="Deutsch",AUTOSELECT=YES,URI="inside-german.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="sound",NAME="English",DEFAULT=YES,URI="words.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="inside",RESOLUTION=1280x720

# the middle
mid/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=5000000,AVERAGE-BANDWIDTH=1,AUDIO="sound",NAME="Studio"
high.m3u8?mid
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="frames.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,AUDIO="none"
low.m3u8
`;

function variants(text: string): MultivariantPlaylist {
  const list = readPlaylist(text);
  if (list.kind === "media") throw new Error("of segments");
  return list;
}

test("players begin with the first variant, the highest, the lowest, each with another one, or with the one that is named", () => {
  const list = variants(ladder);
  const chosen = (choice: VariantChoice, player = 0) => list.variants[firstVariant(list, choice, player)]?.uri;
  for (const choice of ["first", "auto"]) expect(chosen(choice, 7)).toBe("mid/index.m3u8");
  expect([chosen("highest", 7), chosen("lowest", 7)]).toEqual(["high.m3u8?mid", "low.m3u8"]);
  for (const choice of ["all", "switch"])
    expect([0, 1, 2, 3].map((player) => chosen(choice, player))).toEqual([
      ...["mid/index.m3u8", "high.m3u8?mid", "low.m3u8"],
      "mid/index.m3u8",
    ]);
  expect(["Studio", "1280x720", "720p", "low"].map((name) => chosen(name))).toEqual([
    ...["high.m3u8?mid", "mid/index.m3u8", "mid/index.m3u8"],
    "low.m3u8",
  ]);
  expect(() => chosen("1080p")).toThrow(
    new UserError(
      'the playlist has no variant "1080p"; it has mid/index.m3u8 (1280x720 of 2000 kbit/s), high.m3u8 (Studio of 5000 kbit/s), low.m3u8 (a variant of 800 kbit/s)',
    ),
  );
  expect(list.variants.map(labelOf)[0]).toBe("1280x720 of 2000 kbit/s");
});

test("with a variant goes the default audio rendition of its group, or the one that was played before", () => {
  const list = variants(ladder);
  const [mid, high, low] = list.variants;
  const played = (variant = mid, name?: string) => audioOf(list, variant, name)?.uri;
  expect([played(high), played(high, "Deutsch"), played(high, "Suomi")]).toEqual([
    ...["english.m3u8", "german.m3u8"],
    "english.m3u8",
  ]);
  expect([played(mid), played(mid, "English")]).toEqual(["inside-german.m3u8", undefined]);
  expect(audioOf(list, low ?? mid, undefined)).toBeUndefined();
});

test("of several servers, the variants of the first are taken", () => {
  const two = ladder.replaceAll("STREAM-INF:BANDWIDTH=", 'STREAM-INF:PATHWAY-ID="a",BANDWIDTH=');
  const places = `${two}${two.slice(two.indexOf("#EXT-X-STREAM")).replaceAll('"a"', '"b"')}`;
  expect(variants(places).variants).toHaveLength(3);
});
