import { describe, expect, test } from "bun:test";
import { playlistAddress } from "../../../../src/features/hls/address.ts";
import { directivesOf } from "../../../../src/features/hls/directives.ts";
import { askedLink, KnownLinks } from "../../../../src/features/hls/known-links.ts";
import type { HttpRequest } from "../../../../src/http/request.ts";
import { HlsStage } from "../../../support/hls-stage.ts";
import { TOKEN, Tracks } from "../../../support/hls-tracks.ts";

function requestOf(query: string): HttpRequest {
  const [path, host, header] = ["/live/show.m3u8", "live.example.com", () => undefined];
  return { method: "GET", path, query, host, header, secure: false, body: new Uint8Array(), webSocket: false };
}

describe("a cached link", () => {
  test.each([
    [`hls_ctx=${TOKEN}`, `hls_ctx=${TOKEN}`, ""],
    [`a=1&hls_ctx=${TOKEN}&hls_part=a1`, `a=1&hls_ctx=${TOKEN}&hls_part=a1`, ""],
    [`hls_ctx=${TOKEN}&_HLS_msn=5&_HLS_part=2`, `hls_ctx=${TOKEN}`, "_HLS_msn=5&_HLS_part=2"],
    [`hls_ctx=${TOKEN}&_HLS_skip=YES&_HLS_msn=-x`, `hls_ctx=${TOKEN}`, "_HLS_skip=YES&_HLS_msn=-x"],
  ])("of %s is found by its directives, as with the whole query", (query, link, directives) => {
    expect(askedLink(query)).toEqual({ link, token: TOKEN, directives });
    expect(directivesOf(directives)).toEqual(directivesOf(query));
  });

  test.each([
    ["no token", "a=1"],
    ["a token that is none", `hls_ctx=${TOKEN}0`],
    ["a rendition behind directives", `hls_ctx=${TOKEN}&_HLS_msn=5&hls_part=a1`],
    ["directives first", `_HLS_msn=5&hls_ctx=${TOKEN}`],
    ["a directive inside of a value", `a=_HLS_msn=5&hls_ctx=${TOKEN}`],
    ["a directive that nobody knows", `hls_ctx=${TOKEN}&_HLS_what=1`],
  ])("is not used for a query", (_, query) => {
    expect(askedLink(query)).toBeUndefined();
  });

  test("is found for its own host and path alone, and no viewer has many", () => {
    const links = new KnownLinks();
    for (let count = 0; count < 40; count++) {
      const request = requestOf(`a=${count}&hls_ctx=${TOKEN}`);
      const [asked, address] = [askedLink(request.query), playlistAddress(request)];
      if (asked === undefined || typeof address !== "object") throw new Error("no link");
      links.add(asked, request, address);
      expect(links.find(asked, request)).toBe(address);
      for (const other of [{ host: "other.example.com" }, { path: "/live/other.m3u8" }])
        expect(links.find(asked, { ...request, ...other })).toBeUndefined();
    }
    const first = askedLink(`a=0&hls_ctx=${TOKEN}`);
    expect(first && links.find(first, requestOf(""))).toBeUndefined();
  });

  test("gives each rendition its own playlist, whichever was requested before", () => {
    const encoder = new Tracks({ config: { hls_low_latency: true } }, true, 50);
    encoder.header(1);
    encoder.run(9);
    const ask = (query: string) => encoder.stage.get(`/live/show.m3u8?hls_ctx=${TOKEN}${query}`).text;
    for (const again of [false, true])
      for (const id of ["v", "a1"]) {
        expect([again, ask(`&hls_part=${id}`).includes(`-${id}.m4s`)]).toEqual([again, true]);
        expect(ask(`&_HLS_skip=NO&hls_part=${id}`)).toBe(ask(`&hls_part=${id}`));
        expect(ask("")).not.toContain(`-${id}.m4s`);
      }
  });

  test("of a kicked viewer is refused", () => {
    const stage = new HlsStage();
    const feed = stage.live.publish("show").headers();
    for (let at = 0; at < 5; at++) feed.key(`k${at}`).wait(2000);
    const [link, other] = [`/live/show.m3u8?hls_ctx=${TOKEN}`, `/live/show.m3u8?hls_ctx=${"c".repeat(32)}`];
    for (let times = 0; times < 3; times++)
      for (const each of [link, other]) expect(stage.get(each).answer?.status).toBe(200);
    for (const client of stage.clients.all()) if (client.protocol === "hls") client.kick("go");
    stage.live.clock.advance(1);
    for (const each of [link, other])
      expect(stage.get(each).refusal?.reason).toBe("the operator has disconnected this viewer");
  });
});
