import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AacFormat, aacRefusal } from "../../../src/media/aac-format.ts";
import { Mp3Format, mp3Refusal } from "../../../src/media/mp3-format.ts";
import { type Packet, PacketKind } from "../../../src/media/packet.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { logOf, packetOf } from "../../support/packet-log.ts";

const { Audio, Video } = PacketKind;
const audio = (hex: string) => packetOf(Audio, 0, fromHex(hex));
const video = packetOf(Video, 0, fromHex("1701000000aa"));

const lc44 = audio("af00 1210");
const lc48 = audio("90 6d703461 1190");
const xhe = audio("af00 f9480000");
const opus = audio("90 4f707573 4f707573");
const mp3 = audio("2f fffb9064 01");

const adts = (fixed: string, body: string) => `${fixed}80${hexLength(body)}fc${body}`;
/** The last two bits of the length, its next eight, its last three, and the fullness: of a header with stereo. */
function hexLength(body: string): string {
  const whole = body.length / 2 + 7;
  return toHex(Uint8Array.of(whole >>> 3, ((whole & 7) << 5) | 0x1f));
}

const encodeAac = (packets: readonly Packet[], headers: readonly Packet[] | undefined, format = new AacFormat()) =>
  toHex(format.encode(logOf(packets), 0, packets.length, headers));

describe("AacFormat", () => {
  test("puts an ADTS header of the configuration in force before each frame, whatever header the frame came with", () => {
    const packets = [audio("af01 aabb"), video, audio("91 6d703461 cc"), audio("95 01 6d703461 00 dd")];
    const expected = [adts("fff150", "aabb"), adts("fff150", "cc"), adts("fff150", "dd")].join("");
    expect(encodeAac(packets, [lc44])).toBe(expected);
    expect(expected.startsWith("fff15080013ffcaabb")).toBe(true);
  });

  test("follows a configuration that changes between frames", () => {
    const packets = [audio("af01 aa"), lc48, audio("af01 bb"), lc44, audio("af01 cc")];
    expect(encodeAac(packets, [lc44])).toBe(adts("fff150", "aa") + adts("fff14c", "bb") + adts("fff150", "cc"));
  });

  test("leaves out frames without a configuration, those of one that ADTS can't carry, and those too long for it", () => {
    expect(encodeAac([audio("af01 aa")], [])).toBe("");
    expect(encodeAac([audio("af01 aa"), lc44, audio("af01 bb"), xhe, audio("af01 cc")], [])).toBe(adts("fff150", "bb"));
    const [long, fits] = [8185, 8184].map((size) =>
      packetOf(Audio, 0, concat([fromHex("af01"), new Uint8Array(size)])),
    );
    expect(encodeAac([long as Packet], [lc44])).toBe("");
    expect(encodeAac([fits as Packet], [lc44])).toHaveLength(2 * 8191);
  });

  test("leaves out other codecs, empty frames, other tracks and what is cut off", () => {
    const packets = [mp3, opus, video, audio("af"), audio("af01"), audio("95 01 6d703461 01 dd"), audio("91 6d70")];
    expect(encodeAac(packets, [lc44])).toBe("");
  });

  test("has nothing before a start: each frame has its header", () => {
    expect(new AacFormat().prefix()).toHaveLength(0);
    expect(encodeAac([], [lc44])).toBe("");
  });

  test("is its own format without video", () => {
    const [aac, other] = [new AacFormat(), new Mp3Format()];
    expect([aac.withoutVideo === aac, other.withoutVideo === other]).toEqual([true, true]);
    expect([aac.video, other.video, aac.audio, other.audio]).toEqual([false, false, true, true]);
  });

  test("knows the configuration at any position where a reader continues, in any order and pieces", () => {
    const item = fc.constantFrom(audio("af01 aa"), audio("af01 bb"), lc44, lc48, video, mp3);
    const property = (packets: Packet[], cuts: number[]) => {
      const log = logOf(packets);
      const inForce = (seq: number) => packets.slice(0, seq).findLast((packet) => packet === lc44 || packet === lc48);
      const whole = toHex(new AacFormat().encode(log, 0, log.end, []));
      const format = new AacFormat();
      // A reader that begins late teaches it no more than one that begins early.
      const start = Math.min(log.end, cuts[0] ?? 0);
      const header = inForce(start);
      const late = toHex(format.encode(log, start, log.end, header === undefined ? [] : [header]));
      expect(whole.endsWith(late)).toBe(true);
      const places = [0, ...cuts.map((cut) => Math.min(cut, log.end)).sort((a, b) => a - b), log.end];
      let pieces = "";
      places.forEach((from, at) => {
        pieces += toHex(format.encode(log, from, places[at + 1] ?? from, at === 0 ? [] : undefined));
      });
      expect(pieces).toBe(whole);
    };
    const cuts = fc.array(fc.nat(40), { maxLength: 6 });
    fc.assert(fc.property(fc.array(item, { maxLength: 40 }), cuts, property), { seed: 0xada });
  });

  test("remembers no more configurations than anyone needs, the newest", () => {
    const packets = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? lc44 : lc48));
    const format = new AacFormat();
    const log = logOf([...packets, audio("af01 aa")]);
    format.encode(log, 0, 1000, []);
    expect(toHex(format.encode(log, 1000, 1001))).toBe(adts("fff14c", "aa"));
  });
});

describe("Mp3Format", () => {
  test("writes the frames as they are, one behind the other, whatever header they came with", () => {
    const packets = [lc44, mp3, video, audio("91 2e6d7033 fffb9064 02"), audio("ee ffe3 03"), audio("2f"), opus];
    expect(toHex(new Mp3Format().encode(logOf(packets), 0, packets.length))).toBe("fffb906401fffb906402ffe303");
    expect(new Mp3Format().encode(logOf(packets), 1, 2)).toHaveLength(5);
    expect(new Mp3Format().prefix()).toHaveLength(0);
  });
});

describe("raw sound is refused", () => {
  test.each([
    ["nothing for AAC", aacRefusal([lc44]), undefined],
    [
      "nothing for enhanced AAC beside video",
      aacRefusal([packetOf(Video, 0, fromHex("1700000000aa")), lc48]),
      undefined,
    ],
    ["nothing while no header is known", aacRefusal([]), undefined],
    ["xHE-AAC", aacRefusal([xhe]), "xHE-AAC cannot be sent as ADTS"],
    ["a broken configuration", aacRefusal([audio("af00 16")]), "the stream's AAC configuration cannot be read"],
    ["Opus as AAC", aacRefusal([opus]), "the sound is Opus, not AAC"],
    ["AAC as MP3", mp3Refusal([lc44]), "the sound is AAC, not MP3"],
    ["nothing as MP3 that has no header", mp3Refusal([packetOf(Video, 0, fromHex("1700000000aa"))]), undefined],
  ])("%s", (_, reason, expected) => expect(reason).toBe(expected as string));
});
