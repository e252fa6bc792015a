import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addressLimits,
  buildUrl,
  DEFAULT_VHOST,
  resolve,
  type StreamAddress,
  streamKey,
} from "../../../src/rtmp/address.ts";
import { type AddressVector, addressVectors, cutVectors, refusedAddresses } from "../../vectors/addresses.ts";

const SEED = 20141935;

const named = ([vhost, app, stream, param]: AddressVector["address"]): StreamAddress => ({ vhost, app, stream, param });

describe("resolve", () => {
  test.each(addressVectors)("$name: $tcUrl + $playPath", ({ tcUrl, app, playPath, address }) => {
    expect(resolve(tcUrl, app, playPath)).toEqual({ ok: true, address: named(address) });
  });

  test.each(cutVectors)("finds the same address wherever a client cuts $path", ({ cuts, address }) => {
    for (const [place, name] of cuts) {
      expect(resolve(`rtmp://h:1935/${place}`, place, name)).toEqual({ ok: true, address: named(address) });
    }
  });

  test.each(refusedAddresses)("refuses $name with the reason", ({ place, playPath, reason }) => {
    expect(resolve(`rtmp://h/${place}`, place, playPath)).toEqual({ ok: false, reason });
  });

  test("refuses an invalid host, unless a vhost is named", () => {
    expect(resolve("rtmp://a b/live", "live", "s")).toEqual({ ok: false, reason: '"a b" is not a vhost' });
    expect(resolve("rtmp://a b/live?vhost=v", "live", "s").ok).toBe(true);
  });

  test("wherever a path without parameters is cut, the address is the same", () => {
    const level = fc
      .stringMatching(/^[a-z0-9:._ -]{1,8}$/)
      .filter((text) => text.trim() !== "" && !/^\s*\.+\s*$/.test(text));
    fc.assert(
      fc.property(fc.array(level, { minLength: 2, maxLength: 6 }), fc.nat(), (path, seed) => {
        const cut = 1 + (seed % (path.length - 1));
        const place = path.slice(0, cut).join("/");
        const trimmed = path.map((text) => text.trim());
        expect(resolve(`rtmp://h/${place}`, place, path.slice(cut).join("/"))).toEqual({
          ok: true,
          address: { vhost: "h", app: trimmed.slice(0, -1).join("/"), stream: trimmed.at(-1) ?? "", param: "" },
        });
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe("A stream has one key", () => {
  const level = fc.stringMatching(/^[a-z0-9_-]{1,6}$/);
  const query = fc.constantFrom("", "?k=1", "?a=x/y&b=2");
  const path = fc.tuple(
    fc.array(level, { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", ".mp4", ".flv", ".mp3"),
    query,
  );

  test("wherever its URL is cut, with or without container prefix and ending, and if the tcUrl has the whole URL", () => {
    fc.assert(
      fc.property(path, fc.nat(), ([names, ending, query], seed) => {
        const [stream = "", app] = [names.at(-1), names.slice(0, -1).join("/") || "__defaultApp__"];
        const cut = seed % names.length;
        const place = names.slice(0, cut).join("/");
        const name = names.slice(cut).join("/");
        const prefix = ending === "" ? "" : `${ending.slice(1)}:`;
        const host = "rtmp://h:1935/";
        const said: [tcUrl: string, app: string, name: string][] = [
          [`${host}${place}`, place, `${name}${ending}${query}`],
          [`${host}${place}`, place, `${prefix}${name}${query}`],
          [`${host}${place}`, place, `${prefix}${name}${ending}${query}`],
          [`${host}${names.join("/")}${ending}${query}`, place, `${prefix}${name}`],
          [`${host}${names.join("/")}${query}`, place, `${name}${ending}${query}`],
        ];
        if (query === "?k=1") said.push([`${host}${names.join("/")}${query}`, `${names.join("/")}${query}`, ""]);
        for (const [tcUrl, field, playPath] of said)
          expect([tcUrl, field, playPath, resolve(tcUrl, field, playPath)]).toEqual([
            tcUrl,
            field,
            playPath,
            { ok: true, address: { vhost: "h", app, stream, param: query } },
          ]);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });
});

/** Text made of what has a meaning in these names, and of anything. */
const pieces = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(..."/?&#=,.: @%[]ab1", "...", "&&", "//", "vhost", "domain", "vhost=", "domain="),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "...vhost...",
        ",vhost=",
        "streamname=",
        "_definst_",
        "..",
        DEFAULT_VHOST,
        "v.com",
        "mp4:",
        "flv:",
        ".mp4",
        ".flv",
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
  ),
  { maxLength: 14 },
);
const hostile = pieces.map((parts) => parts.join(""));
const target = { host: "10.0.0.9", port: 1936 };

describe("any client at all", () => {
  test("gets an address within the limits or a reason, never an exception", () => {
    fc.assert(
      fc.property(
        fc.option(hostile, { nil: undefined }),
        fc.option(hostile, { nil: undefined }),
        hostile,
        (host, app, name) => {
          const result = resolve(host && `rtmp://${host}`, app, name);
          if (!result.ok) {
            expect(result.reason).not.toBe("");
            return;
          }
          const { vhost, app: path, stream, param } = result.address;
          expect(vhost).toMatch(/^[^\s/?#&]+$/);
          expect(path).toMatch(/^[^?#]+$/);
          expect(stream).toMatch(/^[^/?#]+$/);
          expect(param).toMatch(/^(\?[^#]+)?$/s);
          expect(`${vhost}${path}${stream}${param}`).not.toMatch(/\p{Cc}/u);
        },
      ),
      { seed: SEED, numRuns: 1500 },
    );
  });

  test("finds its stream at the same address on the server that it is relayed to", () => {
    let checked = 0;
    fc.assert(
      fc.property(hostile, hostile, (place, name) => {
        const result = resolve(`rtmp://h.com/${place}`, place, name);
        if (!result.ok) return;
        checked++;
        const { tcUrl, app, playPath } = buildUrl(target, result.address);
        const vhost = result.address.vhost === DEFAULT_VHOST ? target.host : result.address.vhost;
        expect(resolve(tcUrl, app, playPath)).toEqual({ ok: true, address: { ...result.address, vhost } });
      }),
      { seed: SEED, numRuns: 1500 },
    );
    expect(checked).toBeGreaterThan(1000);
  });

  test("is answered quickly, whatever is repeated up to the limit", () => {
    for (const piece of [
      "vhost=,",
      "?",
      " ",
      "/",
      "&",
      "...vhost",
      "vhost=a?",
      ",vhost=a/",
      "=",
      "&a=",
      "vhost=/",
      "\t",
    ]) {
      const text = piece.repeat(Math.floor(addressLimits.input / piece.length));
      const began = Bun.nanoseconds();
      resolve(`rtmp://h/${text.slice(9)}`, text, text);
      resolve("rtmp://h/a/b?c=1", "a/b", `${text.slice(0, -2)}x`);
      expect(Bun.nanoseconds() - began).toBeLessThan(1e9);
    }
  });
});

describe("streamKey", () => {
  test("consists of vhost, app and stream, without parameters", () => {
    expect(streamKey({ vhost: "v", app: "a/b", stream: "s", param: "?k=1" })).toBe("v/a/b/s");
  });
});

describe("buildUrl", () => {
  const address = { vhost: "v.com", app: "live/a", stream: "s", param: "?k=1&t=a/b" };

  test("uses the vhost as host, and puts the parameters after the stream", () => {
    expect(buildUrl(target, address)).toEqual({
      tcUrl: "rtmp://v.com:1936/live/a",
      app: "live/a",
      playPath: "s?k=1&t=a/b",
    });
  });

  test.each([undefined, DEFAULT_VHOST])("leaves vhost %p out", (vhost) => {
    expect(buildUrl(target, { ...address, vhost, param: "" })).toEqual({
      tcUrl: "rtmp://10.0.0.9:1936/live/a",
      app: "live/a",
      playPath: "s",
    });
  });

  test("writes IPv6 in brackets, and a vhost that is no host name with the app", () => {
    const { tcUrl } = buildUrl({ host: "::1", port: 1935 }, { ...address, vhost: "[fe80::1]" });
    expect(tcUrl).toBe("rtmp://[::1]:1935/live/a?vhost=[fe80::1]");
    expect(resolve(tcUrl, undefined, "s")).toMatchObject({ ok: true, address: { vhost: "[fe80::1]", stream: "s" } });
  });
});
