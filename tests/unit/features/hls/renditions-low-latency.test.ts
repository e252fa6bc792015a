import { describe, expect, test } from "bun:test";
import type { MasterPlaylist } from "hls-parser/types";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import { HlsStage, urisOf } from "../../../support/hls-stage.ts";
import { TOKEN, Tracks } from "../../../support/hls-tracks.ts";
import { checkLowLatency, checkReports, readLowLatency, withoutParts } from "../../../support/low-latency.ts";
import { parseFragments } from "../../../support/mp4-parser.ts";
import { mapsOf } from "../../../support/playlists.ts";
import { mulberry32 } from "../../../support/random.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "../../../support/ts-media.ts";

const FRAME_MS = 50;
const LOW_LATENCY = { config: { hls_low_latency: true } };

/** An encoder with a second track from the beginning, whose renditions are there. */
function withTwo(seconds: number, video = true): Tracks {
  const encoder = new Tracks(LOW_LATENCY, video, FRAME_MS);
  encoder.header(1);
  return encoder.run(seconds);
}

/** The links of a multivariant playlist, of variants and renditions, in its order. */
function linksOf({ variants }: MasterPlaylist): string[] {
  return variants.flatMap(({ uri, audio }) => [uri, ...audio.flatMap((each) => each.uri ?? [])]);
}

function textsOf(encoder: Tracks, links: readonly string[]): Map<string, string> {
  return new Map(links.map((link) => [link, encoder.stage.get(`/live/${link}`).text]));
}

/** Parts of a rendition's playlist are one track alone, in their order; together they are their segments, and the next one is hinted at. */
function checkContent(encoder: Tracks, id: string, text: string): void {
  const { parts, segments, last, hints } = readLowLatency(text);
  expect(parts.at(-1)?.msn).toBe(last + 1);
  const place = `${last + 1}-${id}\\.${(parts.at(-1)?.index ?? 0) + 1}`;
  expect(hints[0]).toMatch(new RegExp(`^show/[0-9a-f]{32}-2p300-${place}\\.m4s$`));
  for (const msn of new Set(parts.map((part) => part.msn))) {
    const own = parts.filter((part) => part.msn === msn);
    const whole = segments.get(msn);
    if (whole === undefined) continue;
    expect(Buffer.concat(own.map(({ uri }) => encoder.bytes(uri)))).toEqual(Buffer.from(encoder.bytes(whole.uri)));
  }
  const samples = parts.flatMap(({ uri }) => parseFragments(encoder.bytes(uri)).flatMap((each) => each.samples));
  expect(new Set(samples.map(({ track }) => track)).size).toBe(1);
  for (const map of mapsOf(withoutParts(text)).filter((uri) => uri !== "")) encoder.bytes(map);
}

describe("renditions of low-latency HLS", () => {
  test("list parts as they come, of the video as well as of each track, in a form that strict readers accept", () => {
    const encoder = withTwo(9.35);
    const texts = { v: [] as string[], a0: [] as string[], a1: [] as string[] };
    for (let at = 0; at < 100; at++) {
      encoder.run(FRAME_MS / 1000);
      for (const id of ["v", "a0", "a1"] as const) texts[id].push(encoder.part(id));
    }
    for (const id of ["v", "a0", "a1"] as const) {
      checkLowLatency(texts[id]);
      checkContent(encoder, id, texts[id].at(-1) ?? "");
    }
  });

  test.each([true, false])("report in each playlist the last part of all others (video: %p)", (video) => {
    const encoder = withTwo(9, video);
    const links = linksOf(encoder.master);
    expect(links.length).toBe(video ? 3 : 2);
    for (let at = 0; at < 45; at++) checkReports(textsOf(encoder.run(FRAME_MS / 1000), links));
  });

  test("of variants are in the reports, too", () => {
    const encoder = new Tracks({ config: { hls_low_latency: true, hls_variants: ["_sd"] } }, true, FRAME_MS);
    const variant = encoder.stage.live.publish("show_sd", "show_sd");
    for (const { kind, payload } of [avcHeader(), aacHeader]) variant.send(kind, payload);
    encoder.header(1);
    for (let at = 0; at < 187; at++) {
      variant.time = encoder.feed.time;
      const key = at % 40 === 0;
      for (const frame of [avcFrame(0, 0, key, [unit(key ? 5 : 1, 60)]), aacFrame(0, unit(0x21, 40, at))])
        variant.send(frame.kind, frame.payload);
      encoder.run(FRAME_MS / 1000);
    }
    const links = linksOf(encoder.master);
    expect(links.map((link) => link.replace(/.*hls_variant=/, ""))).toEqual([
      "&hls_part=v",
      "&hls_part=a0",
      "&hls_part=a1",
      "_sd",
    ]);
    checkReports(textsOf(encoder, links));
  });

  test("are loaded by blocked requests, which wait for the rendition's own part", () => {
    const encoder = withTwo(9);
    for (const id of ["v", "a1"]) {
      const { last, parts, hints } = readLowLatency(encoder.part(id));
      const index = (parts.at(-1)?.index ?? 0) + 1;
      const asked = encoder.stage.get(
        `/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=${id}&_HLS_msn=${last + 1}&_HLS_part=${index}`,
      );
      const hinted = encoder.stage.get(`/live/${hints[0]}`);
      expect([asked.answered, hinted.answered]).toEqual([false, false]);
      encoder.run(0.35);
      expect(readLowLatency(asked.text).parts.at(-1)).toMatchObject({ msn: last + 1, index, uri: hints[0] ?? "" });
      expect(hinted.answer?.body).toEqual(encoder.bytes(hints[0] ?? ""));
    }
  });

  test("that come late have parts from then on, and one that vanishes blocks no request for longer than three target durations", () => {
    const encoder = new Tracks(LOW_LATENCY, true, FRAME_MS).run(9.3);
    encoder.header(1);
    encoder.run(6);
    expect(linksOf(encoder.master).length).toBe(3);
    const { last, parts } = readLowLatency(encoder.part("a1"));
    expect(parts.length).toBeGreaterThan(6);
    encoder.on.delete(1);
    const asked = encoder.stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=a1&_HLS_msn=${last + 2}`);
    encoder.run(11);
    expect(asked.answered).toBe(false);
    encoder.run(2.5);
    expect(asked.refusal).toMatchObject({ kind: "unavailable" });
    expect(encoder.stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=a1`).refusal).toMatchObject({ kind: "gone" });
    const links = linksOf(encoder.master);
    expect(links.length).toBe(1);
  });

  test("are carried over an upgrade with the parts of their newest segments", () => {
    const old = withTwo(9.35);
    const next = new HlsStage({ ...LOW_LATENCY, context: { formats: hlsFormats } });
    const giving = old.stage.hls.carry.give(() => undefined);
    const carry = () => {
      for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
    };
    carry();
    const text = (id: string) => next.get(`/live/show.m3u8?hls_ctx=${TOKEN}&hls_part=${id}`).text;
    for (let at = 0; at < 50; at++) {
      for (const id of ["v", "a0", "a1"]) {
        expect(text(id)).toBe(old.part(id));
        for (const { uri } of readLowLatency(text(id)).parts.slice(-1))
          expect(next.get(`/live/${uri}`).answer?.body).toEqual(old.bytes(uri));
      }
      old.run(FRAME_MS / 1000);
      carry();
    }
  });

  test("free their memory with the stream", () => {
    const encoder = withTwo(9);
    encoder.feed.end();
    encoder.stage.live.clock.advance(600_000);
    expect(encoder.stage.hls.report().now).toBeUndefined();
  });

  test.each([1, 2, 3])("come and go at any time: all playlists are valid and only move forward (seed %d)", (seed) => {
    const random = mulberry32(seed);
    const encoder = new Tracks(LOW_LATENCY, true, FRAME_MS);
    const histories = new Map<string, string[]>();
    encoder.header(1);
    encoder.run(6);
    for (let turn = 0; turn < 40; turn++) {
      const [dice, id] = [random(), 1 + Math.floor(random() * 2)];
      if (dice < 0.1) encoder.header(id);
      else if (dice < 0.2) encoder.on.delete(id);
      encoder.run(0.05 + Math.floor(random() * 20) / 20);
      const links = linksOf(encoder.master);
      const texts = textsOf(encoder, links);
      checkReports(texts);
      for (const [link, text] of texts) {
        const part = /hls_part=(\w+)/.exec(link)?.[1] ?? "";
        histories.set(part, [...(histories.get(part) ?? []), text]);
        expect(urisOf(text).length).toBeGreaterThan(0);
      }
    }
    expect([...histories.keys()]).toEqual(expect.arrayContaining(["v", "a0", "a1"]));
    for (const id of ["a0", "v"]) checkLowLatency(histories.get(id) ?? []);
  });
});
