import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { classify } from "../../../src/media/classify.ts";
import { FrameReader } from "../../../src/media/frame.ts";
import { audioTrack, namesAudioTracks } from "../../../src/media/one-track.ts";
import { Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { fromHex, toHex } from "../../support/bytes.ts";

function audio(hex: string, kind: PacketKind = PacketKind.Audio): Packet {
  const payload = fromHex(hex);
  const class_ = classify(kind, payload);
  return new Packet(kind, 70, payload, class_ & 0xff, class_ >>> 8);
}

function picked(hex: string, track: number): string | undefined {
  const own = audioTrack(audio(hex), track);
  return own && toHex(own.payload);
}

// Enhanced RTMP v2, ExAudioTagHeader: 0x95 is Multitrack; then the kind of multitrack and the packet type.
const ONE_TRACK = "95016d70346103aabb"; // mp4a, track 3
const MANY_TRACKS = "95114f707573000000021122010000013303000000"; // Opus, tracks 0, 1 and an empty 3
const MANY_CODECS = "95206d703461000000021190664c61430100000199"; // headers: mp4a in track 0, fLaC in track 1

describe("one audio track", () => {
  test("is taken out of messages of one track, of several, and of several codecs", () => {
    expect(picked(ONE_TRACK, 3)).toBe("916d703461aabb");
    expect(picked(MANY_TRACKS, 0)).toBe("914f7075731122");
    expect(picked(MANY_TRACKS, 1)).toBe("914f70757333");
    expect(picked(MANY_TRACKS, 3)).toBe("914f707573");
    expect(picked(MANY_CODECS, 0)).toBe("906d7034611190");
    expect(picked(MANY_CODECS, 1)).toBe("90664c614399");
  });

  test("has the flags of its message, and is track 0", () => {
    expect(audioTrack(audio(MANY_CODECS), 1)).toMatchObject({ time: 70, flags: PacketFlag.SequenceHeader, track: 0 });
    expect(audioTrack(audio(ONE_TRACK), 3)).toMatchObject({ time: 70, flags: 0, track: 0 });
  });

  test("is the packet itself if that names no track, and is track 0 then", () => {
    for (const hex of ["af01aabb", "914f7075731122"]) {
      const packet = audio(hex);
      expect(audioTrack(packet, 0)).toBe(packet);
      expect(audioTrack(packet, 1)).toBeUndefined();
      expect(namesAudioTracks(packet.payload)).toBe(false);
    }
  });

  test("is missing in messages without it, in broken ones, and in video", () => {
    expect(picked(ONE_TRACK, 0)).toBeUndefined();
    expect(picked(MANY_TRACKS, 2)).toBeUndefined();
    expect(picked("95016d7034", 0)).toBeUndefined();
    expect(picked("95114f7075730000ff0211", 0)).toBeUndefined();
    expect(audioTrack(audio("9601617663310011", PacketKind.Video), 0)).toBeUndefined();
  });

  test("has the bytes that a reader of the whole message finds for it, whatever the message is", () => {
    const [whole, alone] = [new FrameReader(), new FrameReader()];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom(0x00, 0x10, 0x20),
        fc.nat(3),
        (rest, many, track) => {
          const bytes = Uint8Array.of(0x95, many | 1, ...rest.map((byte, at) => (at % 5 === 4 ? byte & 3 : byte)));
          const own = audioTrack(new Packet(PacketKind.Audio, 0, bytes, 0, 0), track);
          whole.read(PacketKind.Audio, bytes, 0, bytes.length, track);
          if (own === undefined) {
            expect(whole.content).toBe(0);
            return;
          }
          alone.read(PacketKind.Audio, own.payload);
          expect([alone.content, alone.codec]).toEqual([whole.content, whole.codec]);
          const of = (reader: FrameReader, from: Uint8Array) => toHex(from.subarray(reader.start, reader.end));
          expect(of(alone, own.payload)).toBe(of(whole, bytes));
        },
      ),
    );
  });
});
