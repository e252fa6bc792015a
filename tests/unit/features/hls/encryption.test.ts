import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encrypt } from "../../../../src/features/hls/segment-keys.ts";
import { concat } from "../../../support/bytes.ts";
import { decrypt } from "../../../support/hls-decrypt.ts";
import { type FakeExchange, HlsStage, type HlsStageOptions, urisOf } from "../../../support/hls-stage.ts";
import type { Feed } from "../../../support/live.ts";
import { checkHistory, readMedia } from "../../../support/playlists.ts";

const TOKEN = "a".repeat(32);
const SECRET = "0123456789abcdef0123456789abcdef";

/** GOPs of 2 s, and the next key frame. */
function goOn(feed: Feed, seconds: number): Feed {
  for (let done = 0; done < seconds; done += 2) {
    feed.key(`k${feed.time}`);
    for (let frame = 0; frame < 4; frame++) feed.wait(400).inter(`i${feed.time}`);
    feed.wait(400);
  }
  return feed.key(`k${feed.time}`);
}

function stageWith(options: HlsStageOptions & { secret?: string } = {}): HlsStage {
  const { secret = "", config, context, ...more } = options;
  return new HlsStage({
    ...more,
    config: { hls_keys: true, ...config },
    context: { keySecret: () => secret, ...context },
  });
}

/** A stream that has been published for so long. */
function published(seconds: number, options: HlsStageOptions & { secret?: string } = {}) {
  const stage = stageWith(options);
  const feed = goOn(stage.live.publish("show").headers(), seconds);
  return { stage, feed, text: stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}`).text };
}

function bodyOf({ answer }: FakeExchange): Uint8Array {
  return answer?.body instanceof Uint8Array ? answer.body : new Uint8Array();
}

/** What a player shows of each segment. */
async function played(stage: HlsStage, text: string): Promise<string[]> {
  const shown: string[] = [];
  for (const { uri, key, mediaSequenceNumber } of readMedia(text).segments) {
    const bytes = bodyOf(stage.get(`/live/${uri}`));
    const keyUri = key?.method === "AES-128" ? key.uri : undefined;
    const plain =
      keyUri === undefined ? bytes : await decrypt(bytes, bodyOf(stage.get(`/live/${keyUri}`)), mediaSequenceNumber);
    shown.push(new TextDecoder().decode(plain));
  }
  return shown;
}

function keysOf(text: string): (string | undefined)[] {
  return [...text.matchAll(/^#EXT-X-KEY:METHOD=AES-128,URI="(.*)"$/gm)].map(([, uri]) => uri);
}

describe("AES-128", () => {
  // NIST AESAVS, GFSbox known answer test, 128 bits, with key and vector 0: https://csrc.nist.gov/projects/cryptographic-algorithm-validation-program
  test.each([
    ["f34481ec3cc627bacd5dc3fb08f273e6", "0336763e966d92595a567cc9ce537f5e"],
    ["9798c4640bad75c7c3227db910174e72", "a9a1631bf4996954ebc093957b234589"],
    ["96ab5c2ff612d9dfaae8c31f30c42168", "ff4f8391a6a40ca5b25d23bedd44a597"],
  ])("the block %s is encrypted as in NIST's examples", (plain, encrypted) => {
    const bytes = encrypt(Uint8Array.fromHex(plain), "0".repeat(32), 0);
    expect([bytes.length, bytes.subarray(0, 16).toHex()]).toEqual([32, encrypted]);
  });

  test("players decrypt content of any length and number", async () => {
    const sizes = fc.oneof(fc.nat(200), fc.constantFrom(262_144, 262_145, 786_431));
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 0, max: 2 ** 40 }), async (size, number) => {
        const bytes = Uint8Array.from({ length: size }, (_, at) => at * 7);
        const key = "000102030405060708090a0b0c0d0e0f";
        const encrypted = encrypt(bytes, key, number);
        expect(await decrypt(encrypted, Uint8Array.fromHex(key), number)).toEqual(bytes);
      }),
      { numRuns: 40 },
    );
  });
});

describe("encrypted streams", () => {
  test("players decrypt all segments by the keys that the playlist names, which change", async () => {
    const { stage, text } = published(12);
    const shown = await played(stage, text);
    expect(shown.length).toBe(5);
    for (const plain of shown) expect(plain).toMatch(/^\[A0 V0\] k\d+@\d+ i/);
    const keys = readMedia(text).segments.map(({ key }) => key?.uri);
    expect(new Set(keys).size).toBeGreaterThanOrEqual(3);
    for (const [at, { mediaSequenceNumber }] of readMedia(text).segments.entries())
      if (mediaSequenceNumber % 2 === 1 && at > 0) expect(keys[at]).toBe(keys[at - 1] as string);
  });

  test("servers with one secret give the same playlists, keys and segments; without one nobody can guess keys", () => {
    for (const secret of [SECRET, ""]) {
      const [one, other] = [published(12, { secret }), published(12, { secret, context: { randomHex: odd() } })];
      expect(other.text === one.text).toBe(secret !== "");
      if (secret === "") continue;
      for (const uri of [...urisOf(one.text), ...keysOf(one.text)])
        expect(bodyOf(other.stage.get(`/live/${uri}`))).toEqual(bodyOf(one.stage.get(`/live/${uri}`)));
    }
  });

  test("segments encrypted by other keys have other names", () => {
    const [one, other] = [SECRET, `${SECRET}x`].map((secret) => published(12, { secret }).text);
    const clear = published(12, { config: { hls_keys: false } }).text;
    const all = [one, other, clear].flatMap((text = "") => urisOf(text));
    expect(new Set(all).size).toBe(all.length);
  });

  test("encryption begins and ends with a reload, from the next segment on", async () => {
    const { stage, feed, text } = published(6, { config: { hls_keys: false } });
    const texts = [text];
    for (const hls_keys of [true, false]) {
      stage.config = { ...stage.config, hls_keys };
      stage.hls.reconfigure();
      goOn(feed, 4);
      texts.push(stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}`).text);
    }
    checkHistory(texts);
    const last = texts.at(-1) ?? "";
    expect(last.match(/#EXT-X-KEY:METHOD=\w+/g)).toEqual(["#EXT-X-KEY:METHOD=AES", "#EXT-X-KEY:METHOD=NONE"]);
    for (const plain of await played(stage, last)) expect(plain).toStartWith("[A0 V0] k");
  });

  test("the process after an upgrade gives the same keys, and continues with the newest", async () => {
    const { stage: old, text } = published(12);
    const next = stageWith();
    const giving = old.hls.carry.give(() => undefined);
    for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
    const after = next.get(`/live/show.m3u8?hls_ctx=${TOKEN}`).text;
    expect(after).toBe(text);
    expect(await played(next, after)).toEqual(await played(old, text));
  });
});

describe("keys and guards", () => {
  const refusing = { denied: false };
  const guard: HlsStageOptions["guard"] = ({ param }) =>
    refusing.denied || !param.includes("pass=1") ? { kind: "denied", reason: "no" } : undefined;

  test("the addresses of keys have the viewer's own parameters and session, and need them", () => {
    refusing.denied = false;
    const { stage } = published(8, { guard });
    const link = stage.follow(stage.get("/live/show.m3u8?pass=1"));
    const { text, answer } = stage.get(link);
    expect(answer?.encodings).toBeUndefined();
    const [key = ""] = keysOf(text);
    expect(key).toMatch(/^show\/[0-9a-f]{32}-[0-9a-f]{16}\.key\?pass=1&hls_ctx=[0-9a-f]{32}$/);
    expect(bodyOf(stage.get(`/live/${key}`)).length).toBe(16);
    expect(stage.get(`/live/${key}`).answer?.headers).toEqual({ "cache-control": "no-store" });
    const path = key.slice(0, key.indexOf("?"));
    expect(stage.get(`/live/${path}`).refusal?.kind).toBe("denied");
    // A session of another server: the parameters are asked about.
    expect(bodyOf(stage.get(`/live/${path}?pass=1&hls_ctx=${"b".repeat(32)}`)).length).toBe(16);
    // A session that is known needs nothing else.
    refusing.denied = true;
    expect(bodyOf(stage.get(`/live/${key}`)).length).toBe(16);
    expect(stage.get(`/live/${path}?pass=1&hls_ctx=${"c".repeat(32)}`).refusal?.kind).toBe("denied");
  });

  test("a kicked viewer gets no key, and neither does a viewer of another stream", () => {
    refusing.denied = false;
    const { stage } = published(8, { guard });
    goOn(stage.live.publish("other").headers(), 8);
    const [key = ""] = keysOf(stage.get(stage.follow(stage.get("/live/show.m3u8?pass=1"))).text);
    expect(stage.get(`/live/${key.replace("show/", "other/")}`).refusal?.reason).toBe("there is no such key any more");
    for (const client of stage.clients.all()) if (client.protocol === "hls") client.kick("go");
    stage.live.clock.advance(1);
    expect(stage.get(`/live/${key}`).refusal?.reason).toBe("the operator has disconnected this viewer");
  });

  test("without sessions, playlists are the same for all, and keys are requested without parameters", () => {
    const { stage } = published(8, { config: { hls_ctx: false } });
    const [one, other] = [stage.get("/live/show.m3u8?x=1"), stage.get("/live/show.m3u8?x=2")];
    expect(one.text).toBe(other.text);
    const [key = ""] = keysOf(one.text);
    expect(key).toEndWith(".key");
    expect(bodyOf(stage.get(`/live/${key}`)).length).toBe(16);
  });

  test("a quotation mark in the parameters does not end an attribute", () => {
    const { stage } = published(8);
    const [key = ""] = keysOf(stage.get(`/live/show.m3u8?a="b",IV=0x1&hls_ctx=${TOKEN}`).text);
    expect(key).toEndWith(`?a=%22b%22,IV=0x1&hls_ctx=${TOKEN}`);
  });

  test("with hls_key_url, another server gives the keys, and playlists are the same for all", () => {
    const { stage, text } = published(8, { config: { hls_key_url: "https://keys.example.com/" } });
    const [, number] = /#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text) ?? [];
    const first = Number(number) - (Number(number) % 2);
    expect(keysOf(text)[0]).toBe(`https://keys.example.com/live/show-${first}.key`);
    expect(stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}`).answer?.encodings?.gzip).toBeDefined();
  });
});

describe("files of keys", () => {
  /** The disk of tests answers at once, but by promises. */
  async function settled(): Promise<void> {
    for (let turns = 0; turns < 100; turns++) await Promise.resolve();
  }

  test("each key is written before the first segment that needs it, and deleted with the last one", async () => {
    const stage = stageWith({ config: { hls_path: "/srv/hls" } });
    stage.files.files.set("/srv/hls/live/show-4.key", new Uint8Array(16));
    const feed = stage.live.publish("show").headers();
    for (let at = 0; at < 6; at++) {
      goOn(feed, 4);
      await settled();
    }
    const told = stage.files.told.filter((line) => line.startsWith("write"));
    const text = new TextDecoder().decode(stage.files.files.get("/srv/hls/live/show.m3u8"));
    for (const { uri, key, mediaSequenceNumber } of readMedia(text).segments) {
      const [segmentAt, keyAt] = [uri, key?.uri].map((file) => told.indexOf(`write /srv/hls/live/${file}`));
      expect(keyAt).toBeGreaterThanOrEqual(0);
      expect(segmentAt).toBeGreaterThan(keyAt as number);
      const bytes = stage.files.files.get(`/srv/hls/live/${uri}`) ?? new Uint8Array();
      const bare = stage.files.files.get(`/srv/hls/live/${key?.uri}`) ?? new Uint8Array();
      expect(new TextDecoder().decode(await decrypt(bytes, bare, mediaSequenceNumber))).toStartWith("[A0 V0]");
    }
    expect(stage.files.files.has("/srv/hls/live/show-4.key")).toBe(false);
    feed.end("lost");
    feed.wait(121_000);
    await settled();
    expect([...stage.files.files.keys()]).toEqual([]);
  });

  test("keys have a folder of their own, with segments in memory", async () => {
    const stage = stageWith({ config: { hls_key_file_path: "/srv/keys/" } });
    goOn(stage.live.publish("show").headers(), 8);
    await settled();
    const paths = [...stage.files.files.keys()];
    expect(paths.length).toBeGreaterThanOrEqual(2);
    for (const path of paths) expect(path).toMatch(/^\/srv\/keys\/live\/show-\d+\.key$/);
    expect(concat([...stage.files.files.values()]).length).toBe(16 * paths.length);
  });
});

/** Random digits of another server. */
function odd(): (bytes: number) => string {
  let count = 0;
  return (bytes) => `f${(++count).toString(16)}`.padStart(2 * bytes, "e");
}
