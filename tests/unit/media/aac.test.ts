import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  ADTS_HEADER_BYTES,
  type AudioSpecificConfig,
  adtsFixedHeader,
  adtsRefusal,
  MAX_ADTS_FRAME,
  readAudioSpecificConfig,
  writeAdtsHeader,
} from "../../../src/media/aac.ts";
import { fromHex, toHex } from "../../support/bytes.ts";
import { adtsRefusedVectors, adtsVectors, badConfigVectors } from "../../vectors/aac.ts";

function read(hex: string): AudioSpecificConfig {
  const config = readAudioSpecificConfig(fromHex(hex));
  if (config === undefined) throw new Error(`no AudioSpecificConfig: ${hex}`);
  return config;
}

describe("ADTS carries AAC", () => {
  test.each(adtsVectors.map((vector) => [vector.name, vector] as const))("%s", (_, { config, length, adts }) => {
    const parsed = read(config);
    expect(adtsRefusal(parsed)).toBeUndefined();
    const out = new Uint8Array(ADTS_HEADER_BYTES);
    expect(writeAdtsHeader(out, 0, adtsFixedHeader(parsed), length)).toBe(ADTS_HEADER_BYTES);
    expect(toHex(out)).toBe(adts);
  });
});

describe("ADTS does not carry", () => {
  test.each(adtsRefusedVectors.map((vector) => [vector.name, vector] as const))("%s", (_, { config, reason }) => {
    expect(adtsRefusal(read(config))).toBe(reason);
  });
});

describe("no AudioSpecificConfig is", () => {
  test.each(badConfigVectors.map(({ name, config }) => [name, config] as const))("%s", (_, config) => {
    expect(readAudioSpecificConfig(fromHex(config))).toBeUndefined();
  });
});

test("HE-AAC has the core's rate and that of its extension", () => {
  expect(read("2b118800")).toEqual({
    objectType: 2,
    sampleRate: 24000,
    channelConfiguration: 2,
    sbr: true,
    ps: false,
    extensionRate: 48000,
    frameSamples: 1024,
  });
  expect(read("eb8a0800")).toMatchObject({ sbr: true, ps: true, sampleRate: 22050, extensionRate: 44100 });
});

test("any bytes are a configuration with a rate, or none, and every frame's header has its length", () => {
  const length = fc.integer({ min: 0, max: MAX_ADTS_FRAME });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), length, (bytes, frame) => {
      const config = readAudioSpecificConfig(bytes);
      if (config === undefined) return;
      expect(config.sampleRate).toBeGreaterThan(0);
      expect(config.objectType).toBeGreaterThan(0);
      if (adtsRefusal(config) !== undefined) return;
      const out = new Uint8Array(ADTS_HEADER_BYTES);
      writeAdtsHeader(out, 0, adtsFixedHeader(config), frame);
      const [, , , d = 0, e = 0, f = 0] = out;
      expect(((d & 3) << 11) | (e << 3) | (f >> 5)).toBe(frame + ADTS_HEADER_BYTES);
    }),
    { seed: 0xaac },
  );
});
