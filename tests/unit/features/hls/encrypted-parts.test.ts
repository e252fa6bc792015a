import { expect, test } from "bun:test";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import { opened, sealedIn } from "../../../support/hls-decrypt.ts";
import { HlsStage } from "../../../support/hls-stage.ts";
import { TOKEN, Tracks } from "../../../support/hls-tracks.ts";
import { checkLowLatency, readLowLatency } from "../../../support/low-latency.ts";
import { parseFragments } from "../../../support/mp4-parser.ts";

const FRAME_MS = 50;
const SECRET = "0123456789abcdef0123456789abcdef";
const ENCRYPTED = { hls_low_latency: true, hls_keys: true };
const MEDIA = `/live/show.m3u8?hls_ctx=${TOKEN}`;

function encoderOf(config: object = {}, secret = SECRET): Tracks {
  return new Tracks({ config: { ...ENCRYPTED, ...config }, context: { keySecret: () => secret } }, true, FRAME_MS);
}

function textOf(encoder: Tracks, id = ""): string {
  return encoder.stage.get(id === "" ? MEDIA : `${MEDIA}&hls_part=${id}`).text;
}

/** What players see of all parts and segments: parts are their segments. Returns how many keys there were. */
async function checkOpened(encoder: Tracks, text: string): Promise<number> {
  const parts = new Map<number, Uint8Array[]>();
  const sealed = sealedIn(text);
  for (const each of sealed) {
    const bytes = await opened(each, (uri) => encoder.bytes(uri));
    expect(parseFragments(bytes).length).toBeGreaterThan(0);
    const own = parts.get(each.msn) ?? [];
    if (each.isPart) parts.set(each.msn, [...own, bytes]);
    else if (own.length > 0) expect(Buffer.concat(own)).toEqual(Buffer.from(bytes));
  }
  expect([...parts.values()].flat().length).toBeGreaterThan(7);
  return new Set(sealed.map(({ key }) => key)).size;
}

test("each encrypted part can be decrypted alone, by the key and number of its segment, before that is complete", async () => {
  const encoder = encoderOf().run(9);
  const texts: string[] = [];
  let keys = 0;
  for (let at = 0; at < 100; at++) {
    texts.push(textOf(encoder.run(FRAME_MS / 1000)));
    if (at % 9 === 0) keys = Math.max(keys, await checkOpened(encoder, texts.at(-1) ?? ""));
  }
  checkLowLatency(texts);
  expect(keys).toBeGreaterThanOrEqual(3);
  const { parts, hints, last } = readLowLatency(texts.at(-1) ?? "");
  expect(parts.at(-1)?.msn).toBe(last + 1);
  // Names say by which key.
  const [, clear = "", index = "", id = ""] =
    /(show\/[0-9a-f]{32}-2p300-\d+)\.(\d+)(-[0-9a-f]{8})\.m4s$/.exec(hints[0] ?? "") ?? [];
  expect(parts.at(-1)?.uri).toBe(`${clear}.${Number(index) - 1}${id}.m4s`);
  expect(encoder.stage.get(`/live/${clear}.0.m4s`).refusal?.kind).toBe("missing");
});

test("a hinted part has the name under which it is listed later, also when keys change", () => {
  const encoder = encoderOf({ hls_fragments_per_key: 1 }).run(9);
  let hint = readLowLatency(textOf(encoder)).hints[0] ?? "";
  let changes = 0;
  for (let at = 0; at < 80; at++) {
    const { parts, hints } = readLowLatency(textOf(encoder.run(FRAME_MS / 1000)));
    if (hints[0] === hint) continue;
    // The last part of a segment comes with the segment: what was hinted at behind it is the next one's first.
    if (parts.some(({ uri }) => uri === hint)) changes++;
    hint = hints[0] ?? "";
  }
  expect(changes).toBeGreaterThan(10);
});

test("renditions are encrypted in parts, too, and a key is there with the first part that needs it", async () => {
  const encoder = encoderOf({ hls_fragments_per_key: 1 });
  encoder.header(1);
  encoder.run(9.35);
  for (const id of ["v", "a0", "a1"]) {
    const text = textOf(encoder, id);
    expect(sealedIn(text).at(-1)).toMatchObject({ isPart: true, key: expect.stringContaining(".key") });
    await checkOpened(encoder, text);
  }
});

test("encryption begins and ends with a reload at the next segment; parts that are listed stay as they are", async () => {
  const encoder = encoderOf({ hls_keys: false }).run(9.35);
  const texts: string[] = [];
  for (const hls_keys of [true, false]) {
    encoder.stage.config = { ...encoder.stage.config, hls_keys };
    encoder.stage.hls.reconfigure();
    for (let at = 0; at < 90; at++) texts.push(textOf(encoder.run(FRAME_MS / 1000)));
    await checkOpened(encoder, texts.at(-1) ?? "");
  }
  checkLowLatency(texts);
  const methods = texts.map((text) =>
    text
      .match(/#EXT-X-KEY:METHOD=\w+/g)
      ?.at(-1)
      ?.slice(18),
  );
  expect([...new Set(methods)]).toEqual([undefined, "AES", "NONE"]);
});

test("the process after an upgrade gives the same encrypted parts and keys", async () => {
  const old = encoderOf({}, "").run(9.35);
  const next = new HlsStage({ config: ENCRYPTED, context: { formats: hlsFormats } });
  const giving = old.stage.hls.carry.give(() => undefined);
  for (let at = 0; at < 30; at++) {
    for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
    const sealed = sealedIn(textOf(old));
    expect(sealedIn(next.get(MEDIA).text)).toEqual(sealed);
    for (const { uri, key = "" } of sealed.slice(at === 0 ? 0 : -2))
      for (const file of [uri, key]) expect(next.get(`/live/${file}`).answer?.body).toEqual(old.bytes(file));
    old.run(FRAME_MS / 1000);
  }
});

test("an encrypted segment of 60 MB is carried over, with its parts", () => {
  const old = encoderOf().run(8);
  old.run(2, 1.5 * 1024 * 1024).run(0.35);
  const next = new HlsStage({ config: ENCRYPTED, context: { formats: hlsFormats } });
  const giving = old.stage.hls.carry.give(() => undefined);
  for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
  expect(next.get(MEDIA).text).toBe(textOf(old));
  const { segments, last } = readLowLatency(textOf(old));
  const { uri = "" } = segments.get(last) ?? {};
  const { body } = next.get(`/live/${uri}`).answer ?? {};
  const bytes = old.bytes(uri);
  expect([bytes.length > 60 * 1024 * 1024, Buffer.compare(bytes, body as Uint8Array)]).toEqual([true, 0]);
});

test("encrypted parts take no more than the memory of their segments once more, and give it back", () => {
  const [plain, encrypted] = [false, true].map((hls_keys) => {
    const encoder = encoderOf({ hls_keys }).run(40.35);
    const { hls_bytes = 0 } = encoder.stage.hls.report().now ?? {};
    encoder.feed.end();
    encoder.stage.live.clock.advance(600_000);
    expect(encoder.stage.hls.report().now).toBeUndefined();
    return hls_bytes;
  });
  expect(encrypted).toBeGreaterThan(1.4 * (plain ?? 0));
  expect(encrypted).toBeLessThan(2.2 * (plain ?? 0));
});

test("a key's file is written with the first part that needs it", async () => {
  const encoder = encoderOf({ hls_key_file_path: "/srv/keys", hls_fragments_per_key: 1 }).run(9.35);
  for (let turns = 0; turns < 100; turns++) await Promise.resolve();
  const { last } = readLowLatency(textOf(encoder));
  expect(encoder.stage.files.files.has(`/srv/keys/live/show-${last + 1}.key`)).toBe(true);
});
