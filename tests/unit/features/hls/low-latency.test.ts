import { describe, expect, test } from "bun:test";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { HlsStage, type HlsStageOptions, urisOf } from "../../../support/hls-stage.ts";
import type { Feed } from "../../../support/live.ts";
import { checkLowLatency, readLowLatency } from "../../../support/low-latency.ts";
import { parseFragments } from "../../../support/mp4-parser.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "../../../support/ts-media.ts";

const TOKEN = "a".repeat(32);
const MEDIA = `/live/show.m3u8?hls_ctx=${TOKEN}`;
const FRAME_MS = 50;
const FORMATS = { formats: hlsFormats };

/** Six segments and two parts; without the epoch's id, the content of the init segment, and dates. */
const GOLDEN = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.900,CAN-SKIP-UNTIL=24.000
#EXT-X-PART-INF:PART-TARGET=0.300
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:4736
#EXT-X-MAP:URI="show/ID-HASH.mp4"
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXTINF:2.000,
show/ID-2p300-0.m4s
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXTINF:2.000,
show/ID-2p300-1.m4s
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXTINF:2.000,
show/ID-2p300-2.m4s
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXTINF:2.000,
show/ID-2p300-3.m4s
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-4.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-4.1.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-4.2.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-4.3.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-4.4.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-4.5.m4s"
#EXT-X-PART:DURATION=0.200,URI="show/ID-2p300-4.6.m4s"
#EXTINF:2.000,
show/ID-2p300-4.m4s
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-5.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-5.1.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-5.2.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-5.3.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-5.4.m4s"
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-5.5.m4s"
#EXT-X-PART:DURATION=0.200,URI="show/ID-2p300-5.6.m4s"
#EXTINF:2.000,
show/ID-2p300-5.m4s
#EXT-X-PROGRAM-DATE-TIME:DATE
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-6.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.300,URI="show/ID-2p300-6.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="show/ID-2p300-6.2.m4s"
`;

/** A stage with a stream of low-latency HLS. */
class Stage extends HlsStage {
  readonly feed: Feed;
  #frame = 0;

  constructor({ config, ...options }: HlsStageOptions = {}) {
    super({ ...options, config: { hls_low_latency: true, ...config }, context: FORMATS });
    this.feed = this.begin();
  }

  begin(name = "show"): Feed {
    this.#frame = 0;
    const feed = this.live.publish(name, name);
    for (const { kind, payload } of [aacHeader, avcHeader()]) feed.send(kind, payload);
    return feed;
  }

  /** Frames with sound, a key frame each 2 s; `variant` gets the same. */
  run(ms: number, feed = this.feed, bytes = 60, variant?: Feed): this {
    for (let at = 0; at < ms; at += FRAME_MS, this.#frame++) {
      const key = (this.#frame * FRAME_MS) % 2000 === 0;
      for (const one of variant === undefined ? [feed] : [variant, feed]) {
        one.time = feed.time;
        one.send(PacketKind.Video, avcFrame(0, 100, key, [unit(key ? 5 : 1, bytes)]).payload);
        one.send(PacketKind.Audio, aacFrame(0, unit(0x21, 40)).payload);
      }
      feed.wait(FRAME_MS);
    }
    return this;
  }

  list(query = "") {
    const { text } = this.get(`${MEDIA}${query}`);
    return readLowLatency(text);
  }

  bytesOf(uri: string): Uint8Array {
    const { answer, refusal } = this.get(`/live/${uri}`);
    if (!(answer?.body instanceof Uint8Array)) throw new Error(`no ${uri}: ${refusal?.reason}`);
    return answer.body;
  }
}

describe("playlists of low-latency HLS", () => {
  test("list parts as they come, in a form that strict readers accept", () => {
    const stage = new Stage().run(6000);
    const texts: string[] = [];
    for (let at = 0; at < 400; at++) texts.push(stage.run(FRAME_MS).get(MEDIA).text);
    checkLowLatency(texts);
    const { partTargetMs, partHoldBackMs, targetMs, parts, hints, last } = readLowLatency(texts.at(-1) ?? "");
    expect([partTargetMs, partHoldBackMs, targetMs]).toEqual([300, 900, 4000]);
    expect(new Set(parts.map(({ ms }) => ms))).toEqual(new Set([300, 200]));
    expect(parts.at(-1)?.msn).toBe(last + 1);
    expect(hints[0]).toMatch(
      new RegExp(`^show/[0-9a-f]{32}-2p300-${last + 1}\\.${(parts.at(-1)?.index ?? 0) + 1}\\.m4s$`),
    );
    expect(texts.at(-1)).toContain("#EXT-X-INDEPENDENT-SEGMENTS");
  });

  test("equal the expected text", () => {
    const stage = new Stage({ config: { hls_window: 4 } }).run(14_650);
    const epoch = stage.list().hints[0]?.slice(5, 37) ?? "";
    const hash = /-([0-9a-f]{16})\.mp4/.exec(stage.get(MEDIA).text)?.[1] ?? "";
    const first = stage.list().last - 5;
    const shown = stage
      .get(MEDIA)
      .text.replaceAll(epoch, "ID")
      .replaceAll(hash, "HASH")
      .replace(/\d{4}-\d\d-\d\dT(\d\d):(\d\d):(\d\d\.\d{3})Z/g, "DATE")
      .replaceAll(/(p300-)(\d+)/g, (_, before, number) => `${before}${number - first}`)
      .replace(/(SEQUENCE:)(\d+)/, (_, before, number) => `${before}${number - first}`);
    expect(shown).toBe(GOLDEN);
  });

  test("have parts that make up the whole segment, each from a key frame or from the end of the part before", () => {
    const stage = new Stage().run(8650);
    const { parts, segments } = stage.list();
    for (const [msn, { uri }] of segments) {
      const own = parts.filter((part) => part.msn === msn);
      if (own.length === 0) continue;
      expect(Buffer.concat(own.map((part) => stage.bytesOf(part.uri)))).toEqual(Buffer.from(stage.bytesOf(uri)));
    }
    const fragments = parts.flatMap(({ uri }) => parseFragments(stage.bytesOf(uri)));
    const video = fragments.flatMap(({ samples }) => samples.filter(({ track }) => track === 1));
    const [{ dts: begin } = { dts: 0 }] = video;
    expect(video.map(({ dts }) => dts - begin)).toEqual(video.map((_, at) => at * FRAME_MS * 90));
    expect(video.every(({ duration }) => duration === FRAME_MS * 90)).toBe(true);
  });

  test("end with the stream, without further hints", () => {
    const stage = new Stage().run(8650);
    stage.feed.end("unpublished");
    stage.feed.wait(60_000);
    const { ended, hints, parts, last } = stage.list("&_HLS_msn=99999999999&_HLS_part=3");
    expect([ended, hints, parts.at(-1)?.msn]).toEqual([true, [], last]);
  });

  test("continue after a discontinuity when the encoder comes back", () => {
    const stage = new Stage().run(8650);
    const texts = [stage.get(MEDIA).text];
    stage.feed.end("lost");
    stage.feed.wait(5000);
    texts.push(stage.get(MEDIA).text);
    const again = stage.begin();
    for (let at = 0; at < 100; at++) {
      stage.run(FRAME_MS, again);
      texts.push(stage.get(MEDIA).text);
    }
    checkLowLatency(texts);
    expect(readLowLatency(texts.at(-1) ?? "").parts.length).toBeGreaterThan(10);
  });

  test("have no directives, parts or hints without hls_low_latency", () => {
    const stage = new Stage({ config: { hls_low_latency: false, hls_format: "fmp4" } }).run(8650);
    const { text } = stage.get(`${MEDIA}&_HLS_msn=nonsense&_HLS_part=-1`);
    expect(text).not.toMatch(/PART|SERVER-CONTROL|HINT/);
    expect(text).toContain("#EXTINF:2.000,");
  });
});

test("a variant's playlist reports the last part of each other variant, by the link in the multivariant playlist", () => {
  const stage = new Stage({ config: { hls_variants: ["_sd"] } });
  stage.run(8650, stage.feed, 60, stage.begin("show_sd"));
  const links = urisOf(stage.get("/live/show.m3u8").text);
  expect(links.length).toBe(2);
  const lists = links.map((link) => readLowLatency(stage.get(`/live/${link}`).text));
  for (const [at, { reports, last, parts }] of lists.entries()) {
    const index = parts.at(-1)?.index;
    expect(reports).toEqual([`URI="${links[1 - at]}",LAST-MSN=${last + 1},LAST-PART=${index}`]);
  }
  const blocked = stage.get(`/live/${links[1]}&_HLS_msn=${lists[1]?.last ?? 0}&_HLS_skip=YES`);
  expect(readLowLatency(blocked.text).reports.length).toBe(1);
});

test("a report's address has no quotation marks, whatever parameters the viewer has", () => {
  const stage = new Stage({ config: { hls_variants: ["_sd"] } });
  stage.run(8650, stage.feed, 60, stage.begin("show_sd"));
  const [link = ""] = urisOf(stage.get('/live/show.m3u8?name="x",LAST-MSN=1').text);
  const { reports } = readLowLatency(stage.get(`/live/${link}`).text);
  expect(reports.map((report) => report.split('"').length)).toEqual([3]);
});

describe("a blocked request for a playlist", () => {
  test("is answered when the part is there, not before, and with everything up to then", () => {
    const stage = new Stage().run(8650);
    const { last, parts } = stage.list();
    const next = (parts.at(-1)?.index ?? 0) + 1;
    const exchange = stage.get(`${MEDIA}&_HLS_msn=${last + 1}&_HLS_part=${next}`);
    stage.run(200);
    expect(exchange.answered).toBe(false);
    stage.run(150);
    expect(readLowLatency(exchange.text).parts.at(-1)).toMatchObject({ msn: last + 1, index: next });
    expect(exchange.answer?.headers).toEqual({ "cache-control": "max-age=24" });
  });

  test("waits for the whole segment if it names no part, and for the next segment after the last part", () => {
    const stage = new Stage().run(8650);
    const { last } = stage.list();
    const [whole, behind] = ["", "&_HLS_part=9"].map((part) => stage.get(`${MEDIA}&_HLS_msn=${last + 1}${part}`));
    stage.run(1350);
    expect([whole?.answered, behind?.answered]).toEqual([false, false]);
    stage.run(50);
    expect([whole?.answered, behind?.answered]).toEqual([true, false]);
    stage.run(350);
    expect(readLowLatency(behind?.text ?? "").parts.at(-1)).toMatchObject({ msn: last + 2, index: 0 });
  });

  test.each([
    ["of the past", (last: number) => `&_HLS_msn=${last - 50}&_HLS_part=99`],
    ["of the last whole segment", (last: number) => `&_HLS_msn=${last}`],
    ["that knows an older list", (last: number) => `&_HLS_msn=${last}&_HLS_part=2&_HLS_skip=YES`],
    ["with a directive that nobody knows", () => "&_HLS_what=1"],
    ["with no value", () => "&_HLS_skip"],
  ])("%s is answered at once", (_, query) => {
    const stage = new Stage().run(8650);
    const { last } = stage.list();
    expect(stage.list(query(last)).last).toBe(last);
  });

  test.each([
    ["too many segments ahead", (last: number) => `_HLS_msn=${last + 3}`],
    ["too many parts ahead", (last: number) => `_HLS_msn=${last + 1}&_HLS_part=40`],
    ["no segment", () => "_HLS_part=1"],
    ["a word", () => "_HLS_msn=next"],
    ["a negative number", () => "_HLS_msn=-1"],
    ["a fraction", (last: number) => `_HLS_msn=${last + 0.5}`],
    ["a number without end", () => `_HLS_msn=${"9".repeat(400)}`],
    ["nothing", () => "_HLS_msn="],
    ["a part in words", (last: number) => `_HLS_msn=${last}&_HLS_part=0x1`],
  ])("for %s is wrong", (_, query) => {
    const stage = new Stage().run(8650);
    const exchange = stage.get(`${MEDIA}&${query(stage.list().last)}`);
    expect(exchange.answer?.status).toBe(400);
  });

  test("gets the present playlist when the encoder stays away, and leaves nothing behind when the viewer leaves", () => {
    const stage = new Stage({ config: { hls_dispose: 0 } }).run(8650);
    const { last } = stage.list();
    stage.feed.end("lost");
    const [patient, gone] = [0, 1].map(() => stage.get(`${MEDIA}&_HLS_msn=${last + 2}&_HLS_part=0`));
    gone?.hangUp();
    stage.live.clock.advance(11_900);
    expect(patient?.answered).toBe(false);
    stage.live.clock.advance(1200);
    expect(readLowLatency(patient?.text ?? "").last).toBe(last);
    expect(patient?.answer?.headers).toEqual({ "cache-control": "max-age=2" });
    expect(gone?.answered).toBe(false);
  });

  test("is answered in slices when there are ten thousand, and costs nothing when it waits in vain", () => {
    const stage = new Stage({ config: { hls_ctx: false } }).run(8650);
    const { last, parts } = stage.list();
    const next = `_HLS_msn=${last + 1}&_HLS_part=${(parts.at(-1)?.index ?? 0) + 1}`;
    const [soon, never] = [next, `_HLS_msn=${last + 2}&_HLS_part=9`].map((query) =>
      Array.from({ length: 5000 }, () => stage.get(`/live/show.m3u8?${query}`)),
    );
    const bodies = () => new Set(soon?.map(({ answer }) => answer?.body));
    stage.run(400);
    stage.live.clock.advance(0);
    expect(soon?.every(({ answered }) => answered)).toBe(true);
    expect(never?.some(({ answered }) => answered)).toBe(false);
    expect(bodies().size).toBeLessThanOrEqual(2);
    for (const each of never ?? []) each.hangUp();
  });
});

describe("a delta update", () => {
  test("leaves out what is further than six target durations from the end, and nothing else", () => {
    const stage = new Stage({ config: { hls_window: 60 } }).run(60_650);
    const [whole, delta] = ["", "&_HLS_skip=YES"].map((query) => stage.get(`${MEDIA}${query}`).text);
    const { skipped, last } = readLowLatency(delta ?? "");
    expect(readLowLatency(whole ?? "").segments.size - skipped).toBe(12);
    expect(delta).toContain(`#EXT-X-VERSION:9\n`);
    const tail = (text = "") => text.slice(text.indexOf("#EXT-X-PROGRAM-DATE-TIME", text.indexOf(`-${last - 12}.m4s`)));
    expect(tail(delta?.replace("#EXT-X-SKIP", `-${last - 12}.m4s`))).toBe(tail(whole));
  });

  test("is the whole playlist if that is short, and when the stream has ended", () => {
    const stage = new Stage().run(8650);
    expect(stage.get(`${MEDIA}&_HLS_skip=YES`).text).toBe(stage.get(MEDIA).text);
    expect(stage.list("&_HLS_skip=v2").skipped).toBe(0);
  });
});

describe("a part", () => {
  test("that is hinted is sent as soon as it is there", () => {
    const stage = new Stage().run(8650);
    const [hint = ""] = stage.list().hints;
    const exchange = stage.get(`/live/${hint}`);
    stage.run(200);
    expect(exchange.answered).toBe(false);
    stage.run(150);
    expect(exchange.answer).toMatchObject({ status: 200, type: "video/mp4" });
    expect(stage.list().parts.at(-1)?.uri).toBe(hint);
    expect(exchange.answer?.body).toEqual(stage.bytesOf(hint));
  });

  test("that another server has already is waited for, and one that will never come is not", () => {
    const stage = new Stage().run(8650);
    const [hint = ""] = stage.list().hints;
    const [, before = "", msn = 0, index = 0] = /^(.*-)(\d+)\.(\d+)\.m4s$/.exec(hint) ?? [];
    const ask = (number: number, part: number) => stage.get(`/live/${before}${number}.${part}.m4s`);
    const ahead = ask(Number(msn), Number(index) + 1);
    const first = ask(Number(msn) + 1, 0);
    const wrong = [ask(Number(msn), 999), ask(Number(msn) + 9, 0), ask(Number(msn) - 1, 99), ask(1, 1)];
    const unknown = stage.get(`/live/${hint.replace(/[0-9a-f]{32}/, "0".repeat(32))}`);
    expect([...wrong, unknown].map(({ refusal }) => refusal?.kind)).toEqual(new Array(5).fill("missing"));
    stage.run(2000);
    expect([ahead, first].map(({ answer }) => answer?.status)).toEqual([200, 200]);
  });

  test("that a hint named but that never came is not found", () => {
    const stage = new Stage().run(8650);
    const [hint = ""] = stage.list().hints;
    const exchange = stage.get(`/live/${hint.replace(/\.\d+\.m4s/, ".8.m4s")}`);
    stage.run(2000);
    expect(exchange.refusal?.kind).toBe("missing");
  });

  test("stays for three target durations after it has left the list", () => {
    const stage = new Stage().run(20_650);
    const known = new Map<string, number>();
    for (let at = 0; at < 30_000; at += FRAME_MS) {
      stage.run(FRAME_MS);
      for (const { uri } of stage.list().parts) known.set(uri, at);
    }
    const listed = new Set(stage.list().parts.map(({ uri }) => uri));
    const recent = [...known].filter(([uri, at]) => !listed.has(uri) && at > 30_000 - 11_900);
    expect(recent.length).toBeGreaterThan(30);
    for (const [uri] of recent) expect(stage.get(`/live/${uri}`).answer?.status).toBe(200);
  });

  test("of an 8 MB key frame is complete", () => {
    const stage = new Stage().run(8000);
    stage.run(FRAME_MS, stage.feed, 8 * 1024 * 1024).run(350);
    const { parts, last } = stage.list();
    const [large] = parts.filter(({ msn }) => msn === last + 1);
    expect(stage.bytesOf(large?.uri ?? "").length).toBeGreaterThan(8 * 1024 * 1024);
    stage.run(16_000);
    const { hls_bytes = 0 } = stage.hls.report().now ?? {};
    expect(hls_bytes).toBeLessThan(17 * 1024 * 1024);
  });
});

describe("over an upgrade", () => {
  test("the new process has the parts of the growing segment, too, and continues with the next ones", () => {
    const [old, next] = [new Stage().run(8650), new HlsStage({ config: { hls_low_latency: true }, context: FORMATS })];
    const giving = old.hls.carry.give(() => undefined);
    const carry = () => {
      for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
    };
    carry();
    expect(next.get(MEDIA).text).toBe(old.get(MEDIA).text);
    const { last, parts, hints } = old.list();
    const blocked = next.get(`${MEDIA}&_HLS_msn=${last + 1}&_HLS_part=${(parts.at(-1)?.index ?? 0) + 1}`);
    const hinted = next.get(`/live/${hints[0]}`);
    for (let at = 0; at < 60; at++) {
      old.run(FRAME_MS);
      carry();
      expect(next.get(MEDIA).text).toBe(old.get(MEDIA).text);
    }
    expect(readLowLatency(blocked.text).parts.at(-1)?.uri).toBe(hints[0] ?? "");
    expect(hinted.answer?.status).toBe(200);
    for (const { uri } of old.list().parts)
      expect(next.get(`/live/${uri}`).answer?.body).toEqual(old.get(`/live/${uri}`).answer?.body);
  });
});
