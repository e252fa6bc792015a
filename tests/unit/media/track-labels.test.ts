import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject, type AmfValue } from "../../../src/amf/value.ts";
import { audioTrackLabels } from "../../../src/media/track-labels.ts";

function labelsOf(map: AmfValue): unknown {
  const payload = encodeAmf0(["onMetaData", AmfObject.ecma({ width: 320, audioTrackIdInfoMap: map })]);
  return Object.fromEntries(audioTrackLabels(payload));
}

function track(record: Readonly<Record<string, AmfValue>>): AmfObject {
  return AmfObject.of({ samplerate: 48000, channels: 2, ...record });
}

describe("labels of audio tracks", () => {
  test("are names and languages by the tracks' ids, languages in their shortest form", () => {
    const map = AmfObject.ecma({
      0: track({ name: "Original", language: "eng" }),
      1: track({ title: "Português", lang: "pt_br" }),
      2: track({ label: "Commentary" }),
      3: track({}),
    });
    expect(labelsOf(map)).toEqual({
      0: { name: "Original", language: "en" },
      1: { name: "Português", language: "pt-BR" },
      2: { name: "Commentary", language: undefined },
      3: { name: undefined, language: undefined },
    });
  });

  test("leave out characters that could break a playlist, invalid languages, and ids that no track has", () => {
    const map = AmfObject.of({
      1: track({ name: 'a "b"\r\n#EXT-X-ENDLIST', language: 'de",URI="x' }),
      2: track({ name: "x".repeat(1000), language: "und" }),
      256: track({ name: "none" }),
      first: track({ name: "none" }),
      3: "no object",
      4: track({ name: 7, language: true }),
    });
    expect(labelsOf(map)).toEqual({
      1: { name: "a 'b'#EXT-X-ENDLIST", language: undefined },
      2: { name: "x".repeat(64), language: undefined },
      4: { name: undefined, language: undefined },
    });
  });

  test("are empty for metadata without them, and for other data", () => {
    expect(labelsOf(undefined)).toEqual({});
    expect(labelsOf("text")).toEqual({});
    for (const bytes of [new Uint8Array(0), Uint8Array.of(2, 0, 1, 65), encodeAmf0(["onMetaData"]).slice(0, -1)])
      expect(audioTrackLabels(bytes).size).toBe(0);
  });
});
