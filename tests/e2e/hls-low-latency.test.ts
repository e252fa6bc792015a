import { describe, expect } from "bun:test";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { askedBy, openBrowser, openPage, stateIs } from "../support/e2e/page/browser.ts";
import { ClockEncoder, pictureAge } from "../support/e2e/page/clock-encoder.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { checkLowLatency, readLowLatency } from "../support/low-latency.ts";

const test = testWith("tests/e2e/hls-low-latency.test.ts", "FFmpeg");
const testWithChromium = testWith("tests/e2e/hls-low-latency.test.ts", "FFmpeg", "Chromium");

const LOW_LATENCY = "hls_low_latency = true";
/** From the encoder to the screen, ms. */
const LATE_MS = 2000;
/** Looks in a row at which the picture has to be younger. */
const LOOKS = 10;

/** Follows a playlist as players do, by blocked requests: all that it said, for so many parts. */
async function follow(edge: HlsEdge, parts: number): Promise<string[]> {
  const [link = ""] = urisOf((await edge.get()).text);
  const texts = [(await edge.get(link)).text];
  for (let seen = 0; seen < parts; seen++) {
    const list = readLowLatency(texts.at(-1) ?? "");
    const [, msn, index] = /-(\d+)\.(\d+)\.m4s$/.exec(list.hints[0] ?? "") ?? [];
    const { status, text } = await edge.get(`${link}&_HLS_msn=${msn}&_HLS_part=${index}`);
    expect(status).toBe(200);
    const now = readLowLatency(text);
    const { uri = "" } = now.parts.find((part) => part.msn === Number(msn) && part.index === Number(index)) ?? {};
    // Behind the last part of a segment comes the next segment's first.
    if (uri !== "") expect(uri).toBe(list.hints[0] ?? "");
    texts.push(text);
  }
  return texts;
}

describe("low-latency HLS", () => {
  test("is played by blocked requests over the encoder's restart, without a missing part", async () => {
    await using stage = new Stage();
    const edge = await HlsEdge.start(stage, "srs", { more: LOW_LATENCY });
    const first = new ClockEncoder(stage, edge.rtmp);
    await edge.program.line(/publish started/);
    const texts = await follow(edge, 12);
    await first.stop();
    new ClockEncoder(stage, edge.rtmp, 20);
    texts.push(...(await follow(edge, 12)));
    checkLowLatency(texts);
    const { parts } = readLowLatency(texts.at(-1) ?? "");
    for (const { uri } of parts) expect((await edge.get(uri)).status).toBe(200);
  });

  testWithChromium("is on the screen less than 2 s after the encoder, in the page's player", async () => {
    await using stage = new Stage();
    const edge = await HlsEdge.start(stage, "srs", { more: LOW_LATENCY });
    new ClockEncoder(stage, edge.rtmp);
    await edge.program.line(/publish started/);
    const browser = await openBrowser();
    stage.defer(() => browser.close());
    const errors: string[] = [];
    const page = await openPage(browser, edge.page("hls"), errors);
    await stateIs(page, "playing");
    let fresh = 0;
    await until("the picture is younger than 2 s", async () => {
      fresh = (await pictureAge(page)) < LATE_MS ? fresh + 1 : 0;
      return fresh === LOOKS;
    });
    await until("playlists and parts are asked for, part by part", async () => {
      const asked = await askedBy(page);
      const count = (pattern: RegExp): number => asked.filter((name) => pattern.test(name)).length;
      return count(/_HLS_msn=\d+&_HLS_part=\d+/) > 3 && count(/\.\d+\.m4s$/) > 3;
    });
    expect(errors).toEqual([]);
  });
});
