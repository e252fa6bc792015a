import { describe, expect, test } from "bun:test";
import type { MasterPlaylist } from "hls-parser/types";
import { fromHex } from "../../../support/bytes.ts";
import { urisOf } from "../../../support/hls-stage.ts";
import { TOKEN, Tracks } from "../../../support/hls-tracks.ts";
import { parseFragments, parseTracks } from "../../../support/mp4-parser.ts";
import { checkHistory, mapsOf, readMedia } from "../../../support/playlists.ts";
import { mulberry32 } from "../../../support/random.ts";
import { aacHeader } from "../../../support/ts-media.ts";

/** What an encoder's tracks are in a playlist. */
function soundsOf({ variants }: MasterPlaylist): unknown[] {
  return variants.flatMap(({ audio }) =>
    audio.map(({ name, language, isDefault, autoselect }) => [name, language, isDefault, autoselect]),
  );
}

describe("audio tracks", () => {
  test("are renditions, with names and languages from the metadata, beside a variant of the video alone", () => {
    const encoder = new Tracks();
    encoder.label({ 0: { name: "Original", language: "eng" }, 1: { language: "de" } });
    encoder.header(1);
    // AAC LC, 44.1 kHz, 5.1.
    encoder.header(2, fromHex("af001230"));
    encoder.run(10);
    const { master } = encoder;
    expect(soundsOf(master)).toEqual([
      ["Original", "en", true, true],
      ["de", "de", false, true],
      ["Audio 3", undefined, false, true],
    ]);
    const [variant] = master.variants;
    expect(master.variants.length).toBe(1);
    expect(variant?.uri).toEndWith("&hls_part=v");
    expect(variant?.audio.map(({ channels }) => channels)).toEqual(["2", "2", "6"]);
    expect(variant?.codecs).toMatch(/^avc1\.\w{6},mp4a\.40\.2$/);
    const lists = [variant?.uri ?? "", ...(variant?.audio.map(({ uri }) => uri ?? "") ?? [])].map((uri) => {
      const { text } = encoder.stage.get(`/live/${uri}`);
      const { segments } = readMedia(text);
      const [map = "", ...others] = new Set(mapsOf(text));
      expect(others).toEqual([]);
      const tracks = parseTracks(encoder.bytes(map)).map(({ handler }) => handler);
      const samples = segments.flatMap(({ uri: file }) =>
        parseFragments(encoder.bytes(file)).flatMap((f) => f.samples),
      );
      return { tracks, count: samples.length, last: samples.at(-1)?.data.at(-1), segments };
    });
    expect(lists.map(({ tracks }) => tracks)).toEqual([["vide"], ["soun"], ["soun"], ["soun"]]);
    expect(lists.slice(2).map(({ last }) => last)).toEqual([1, 2]);
    const entries = lists.map(({ segments }) =>
      segments.map((each) => [each.mediaSequenceNumber, each.duration, each.programDateTime?.getTime()]),
    );
    expect(entries[0]?.length).toBeGreaterThanOrEqual(3);
    // All are cut at the same places.
    for (const other of entries.slice(1)) expect(other.slice(-3)).toEqual(entries[0]?.slice(-3) ?? []);
  });

  test("do not become renditions if the stream has only one", () => {
    const { master } = new Tracks().run(10);
    expect(soundsOf(master)).toEqual([]);
    expect(master.variants[0]?.uri).not.toContain("hls_part");
  });

  test("are renditions of MPEG-TS, too, and of an encrypted stream", () => {
    const encoder = new Tracks({ config: { hls_format: "ts", hls_keys: true } });
    encoder.header(1);
    encoder.run(10);
    expect(soundsOf(encoder.master).length).toBe(2);
    for (const id of ["v", "a0", "a1"]) {
      const text = encoder.part(id);
      const [uri = ""] = urisOf(text);
      expect(encoder.bytes(uri).length % 16).toBe(0);
      const [, key = ""] = /URI="([^"]+)"/.exec(text) ?? [];
      expect(encoder.bytes(key).length).toBe(16);
    }
  });

  test("have the keys of their stream, which another server gives out under one name each", () => {
    const hls_key_url = "https://keys.example.com";
    const context = { keySecret: () => "0123456789abcdef0123456789abcdef" };
    const encoder = new Tracks({ config: { hls_keys: true, hls_key_url }, context });
    encoder.header(1);
    encoder.run(10);
    const known = new Map<string, string>();
    for (const text of [encoder.text(`?hls_ctx=${TOKEN}`), ...["v", "a0", "a1"].map((id) => encoder.part(id))])
      for (const { uri, key } of readMedia(text).segments) {
        const [, id = ""] = /-([0-9a-f]{8})\.\w+$/.exec(uri) ?? [];
        expect(known.get(key?.uri ?? "") ?? id).toBe(id);
        known.set(key?.uri ?? "", id);
      }
    expect(known.size).toBeGreaterThanOrEqual(2);
  });

  test("have the keys of their stream at the same addresses, so that a player loads each once", () => {
    const encoder = new Tracks({ config: { hls_keys: true } });
    encoder.header(1);
    encoder.run(10);
    const [video, ...sounds] = ["v", "a0", "a1"].map((id) =>
      readMedia(encoder.part(id)).segments.map(({ key }) => key?.uri),
    );
    expect(video?.[0]).toContain(".key");
    for (const sound of sounds) expect(sound).toEqual(video ?? []);
  });

  test("of a stream without video belong to the variant that has the first", () => {
    const encoder = new Tracks({}, false);
    encoder.header(1);
    encoder.run(10);
    const [variant] = encoder.master.variants;
    expect(variant?.audio.map(({ uri }) => uri?.replace(/.*&/, ""))).toEqual([undefined, "hls_part=a1"]);
    expect(variant?.uri).not.toContain("hls_part");
    expect(variant?.codecs).toBe("mp4a.40.2");
  });

  test("that come late are listed from their first whole segment on, and the others continue", () => {
    const encoder = new Tracks().run(7);
    const whole = [encoder.text(`?hls_ctx=${TOKEN}`)];
    encoder.header(1);
    encoder.run(5);
    expect(soundsOf(encoder.master).length).toBe(2);
    whole.push(encoder.text(`?hls_ctx=${TOKEN}`));
    checkHistory(whole);
    const { segments } = readMedia(encoder.part("a1"));
    expect(segments.length).toBeGreaterThanOrEqual(1);
    expect(whole.join()).not.toContain("#EXT-X-DISCONTINUITY\n");
  });

  test("that vanish are listed no more, and again when they come back", () => {
    const encoder = new Tracks();
    encoder.header(1);
    encoder.header(2);
    encoder.run(8);
    encoder.on.delete(1);
    encoder.run(12);
    expect(soundsOf(encoder.master).map((each) => (each as unknown[])[0])).toEqual(["Audio 1", "Audio 3"]);
    encoder.part("v");
    expect(encoder.stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=a1`).refusal).toMatchObject({ kind: "gone" });
    encoder.run(80);
    encoder.header(1);
    encoder.run(8);
    expect(soundsOf(encoder.master).length).toBe(3);
    encoder.on.clear();
    encoder.run(12);
    expect(soundsOf(encoder.master)).toEqual([]);
    // Who has its link still has the video.
    expect(readMedia(encoder.part("v")).segments.length).toBeGreaterThan(2);
  });

  test("that are the only one left are the default", () => {
    const encoder = new Tracks();
    encoder.header(1);
    encoder.run(8);
    encoder.audible = false;
    encoder.run(12);
    expect(soundsOf(encoder.master)).toEqual([["Audio 2", undefined, true, true]]);
  });

  test("that change their codec begin a discontinuity of all renditions, with another init segment", () => {
    const encoder = new Tracks();
    encoder.header(1);
    encoder.run(6);
    encoder.header(1, fromHex("af001190"));
    encoder.run(6);
    const texts = ["v", "a0", "a1"].map((id) => encoder.part(id));
    const numbers = texts.map((text) => {
      expect(text.match(/#EXT-X-DISCONTINUITY\n/g)?.length).toBe(1);
      const { segments } = readMedia(text);
      return segments.map((each) => [each.mediaSequenceNumber, each.discontinuitySequence]);
    });
    for (const other of numbers) expect(other.slice(-4)).toEqual(numbers[0]?.slice(-4) ?? []);
    expect(texts.map((text) => new Set(mapsOf(text)).size)).toEqual([1, 1, 2]);
  });

  test.each(["ts", "fmp4"] as const)(
    "continue without a gap when the encoder restarts in the middle of a GOP (%s)",
    (hls_format) => {
      for (const seconds of [5, 5.4, 6, 6.6]) {
        const encoder = new Tracks({ config: { hls_format } });
        encoder.header(1);
        encoder.run(7).restart();
        // Slots begin with the sound now, between key frames.
        encoder.run(seconds).restart();
        encoder.run(6);
        const [video = [], ...sounds] = ["v", "a0", "a1"].map((id) => readMedia(encoder.part(id)).segments);
        for (const sound of sounds) {
          const [breaks, others] = [sound, video].map((all) =>
            all.filter((each) => each.discontinuity).map((each) => each.mediaSequenceNumber),
          );
          expect(breaks).toEqual(others as number[]);
        }
      }
    },
  );

  test("beyond eight are left out, and names that no stream has are refused", () => {
    const encoder = new Tracks();
    for (let id = 1; id < 40; id++) encoder.header(id);
    encoder.run(8);
    expect(soundsOf(encoder.master).length).toBe(8);
    for (const id of ["a9", "a256", "a01", "x", "", "a-1"])
      expect(encoder.stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=${id}`).answer).toBeUndefined();
  });

  test("are freed with their stream, with all of their memory", () => {
    const encoder = new Tracks();
    encoder.header(1);
    encoder.run(8);
    encoder.feed.end();
    encoder.stage.live.clock.advance(600_000);
    expect(encoder.stage.hls.report().now).toBeUndefined();
    expect(encoder.stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=a1`).refusal).toMatchObject({ kind: "gone" });
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "come and go at any time: all playlists are valid and only move forward (seed %d)",
    (seed) => {
      const random = mulberry32(seed);
      const encoder = new Tracks({ config: { hls_format: seed % 2 === 0 ? "ts" : "fmp4" } });
      const histories = new Map<string, string[]>();
      encoder.run(6);
      for (let turn = 0; turn < 60; turn++) {
        changeTracks(encoder, random);
        encoder.run(1 + Math.floor(random() * 4));
        for (const [part, text] of listsOf(encoder)) histories.set(part, [...(histories.get(part) ?? []), text]);
      }
      expect([...histories.keys()]).toEqual(expect.arrayContaining(["a0", "a1", "a2", "a3", "v"]));
      for (const history of histories.values()) checkHistory(history);
    },
  );
});

/** Something happens to the encoder's tracks. */
function changeTracks(encoder: Tracks, random: () => number): void {
  const [dice, id] = [random(), 1 + Math.floor(random() * 3)];
  if (dice < 0.2) encoder.header(id);
  else if (dice < 0.35) encoder.on.delete(id);
  else if (dice < 0.4) encoder.header(id, random() < 0.5 ? fromHex("af001190") : aacHeader.payload);
  else if (dice < 0.46) encoder.label({ [id]: { name: "again", language: "fr" } });
  else if (dice < 0.52) encoder.restart();
}

/** All that the multivariant playlist names, by part, with init segments that are there. */
function listsOf(encoder: Tracks): Map<string, string> {
  const { master } = encoder;
  const names = master.variants.flatMap(({ audio }) => audio.map(({ name }) => name));
  expect(new Set(names).size).toBe(names.length);
  const uris = master.variants.flatMap(({ uri, audio }) => [uri, ...audio.flatMap((each) => each.uri ?? [])]);
  return new Map(
    uris.map((uri) => {
      const { text } = encoder.stage.get(`/live/${uri}`);
      for (const map of mapsOf(text).filter((each) => each !== "")) encoder.bytes(map);
      expect(urisOf(text).length).toBeGreaterThan(0);
      return [/hls_part=(\w+)/.exec(uri)?.[1] ?? "", text];
    }),
  );
}
