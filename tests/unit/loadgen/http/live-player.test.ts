import { describe, expect, test } from "bun:test";
import type { BenchReport } from "../../../../src/loadgen/report.ts";
import { BenchShow } from "../../../support/bench-show.ts";
import { BenchStage, playing } from "../../../support/bench-stage.ts";
import { HttpStandIn, type LiveBody, type StandInAnswer } from "../../../support/http-stand-in.ts";

class Stage extends BenchStage {
  readonly web = new HttpStandIn(this.network);
  readonly show = new BenchShow(this.clock);

  constructor() {
    super();
    this.web.route("/live/show.flv", () => ({ live: this.show.flv }));
    this.web.route("/live/show.ts", () => ({ live: this.show.ts }));
    // The stream is a while older than its players.
    this.clock.advance(3000);
  }

  play(url: string, count = 1, seconds = 4, meanwhile?: (ms: number) => void): Promise<BenchReport> {
    return this.run(this.bench({ play: playing(count, url), seconds }), meanwhile);
  }
}

/** Why players of an answer failed. */
async function reasonsOf(answer: StandInAnswer, url = "http://10.0.0.1/live/show.flv"): Promise<string[]> {
  const stage = new Stage();
  stage.web.route("/live/show.flv", () => answer);
  const { players } = await stage.play(url);
  return Object.keys(players?.reasons ?? {});
}

describe("a stream that is played without fault", () => {
  test.each([
    ["http://10.0.0.1/live/show.flv", "http-flv"],
    ["ws://10.0.0.1/live/show.flv", "ws-flv"],
    ["http://10.0.0.1/live/show.ts", "http-ts"],
    ["ws://10.0.0.1/live/show.ts", "ws-ts"],
  ])("as %s", async (url, protocol) => {
    const { problems, players } = await new Stage().play(url, 5, 6);
    expect(problems).toEqual([]);
    expect(players).toMatchObject({ protocol, asked: 5, connected: 5, failed: 0, checked: 5, synthetic: true });
    expect(players?.frames.video).toBeGreaterThan(5 * 100);
    expect(players?.frames.audio).toBeGreaterThan(5 * 125);
    expect(players?.mbps).toBeWithin(2, 4);
    expect(players?.first_frame_ms?.max).toBeLessThan(2100);
    expect(players?.first_frame_after_play_ms?.max).toBeLessThan(2100);
    expect(players?.hls).toBeUndefined();
  });

  test("has the delay of its frames: an FLV frame comes at once, a GOP of MPEG-TS when it is whole", async () => {
    const flv = await new Stage().play("http://10.0.0.1/live/show.flv");
    const ts = await new Stage().play("http://10.0.0.1/live/show.ts", 1, 6);
    expect(flv.players?.delay_ms?.max).toBeLessThan(50);
    expect(flv.players).not.toHaveProperty("continuity_errors");
    expect(ts.players?.delay_ms?.max).toBeWithin(1900, 2100);
    expect(ts.players?.continuity_errors).toBe(0);
  });
});

test("a redirect is followed", async () => {
  const stage = new Stage();
  const location = "/live/show.flv";
  stage.web.route("/live/other.flv", () => ({ status: 302, headers: { location } }));
  const { problems, players } = await stage.play("http://10.0.0.1/live/other.flv", 2);
  expect(problems).toEqual([]);
  expect(players).toMatchObject({ connected: 2, failed: 0 });
});

describe("a fault of a stream is found:", () => {
  test("a frame that was changed", async () => {
    const stage = new Stage();
    let large = 0;
    stage.network.tamper = (bytes) => {
      if (bytes.length > 2000 && ++large === 10) bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
      return bytes;
    };
    expect((await stage.play("http://10.0.0.1/live/show.flv")).problems).toEqual(["frames corrupt: 1"]);
  });

  test("transport packets that are missing", async () => {
    const stage = new Stage();
    const cut = (body: LiveBody) =>
      stage.show.ts({ ...body, write: (bytes) => body.write(bytes.subarray(0, bytes.length - 40 * 188)) });
    stage.web.route("/live/show.ts", () => ({ live: cut }));
    const { players, problems } = await stage.play("http://10.0.0.1/live/show.ts", 1, 7);
    expect(players?.continuity_errors).toBeGreaterThan(0);
    expect(problems.at(-1)).toMatch(/^continuity counters that don't follow: \d+$/);
  });

  test("bytes that are not FLV, or not MPEG-TS", async () => {
    const nonsense = { live: (body: LiveBody) => body.write(new Uint8Array(1000).fill(0x20)) };
    expect(await reasonsOf(nonsense)).toEqual(['protocol error: an FLV file begins with "FLV" while playing']);
    const stage = new Stage();
    stage.web.route("/live/show.ts", () => nonsense);
    const { players } = await stage.play("http://10.0.0.1/live/show.ts");
    const reason = "protocol error: a packet of the transport stream does not begin with 47 while playing";
    expect(players?.reasons).toEqual({ [reason]: 1 });
  });

  test("a stream of which nothing comes", async () => {
    const url = "http://10.0.0.1/live/show.flv";
    expect(await reasonsOf({ live: () => {} }, url)).toEqual(["nothing came: is live/show being published?"]);
  });
});

describe("a refusal is reported with the server's text:", () => {
  test.each<[string, StandInAnswer, string]>([
    ["its own", { status: 403, body: "not from this page\n" }, "refused: not from this page (HTTP 403)"],
    ["those of its status", { status: 406 }, "refused: Not Acceptable (HTTP 406)"],
    [
      "those of its status for a page",
      { status: 404, headers: { "content-type": "text/html" }, body: "<html>" },
      "refused: Not Found (HTTP 404)",
    ],
    ["none for a status without any", { status: 599 }, "refused: no reason given (HTTP 599)"],
    [
      "where it redirects to, if that is another protocol",
      { status: 302, headers: { location: "ftp://b/live/show.flv" } },
      "redirected to ftp://b/live/show.flv (HTTP 302), which is not followed: it is the fourth in a row, or leads to another protocol",
    ],
  ])("%s", async (_, answer, reason) => {
    expect(await reasonsOf(answer)).toEqual([reason]);
    expect(await reasonsOf(answer, "ws://10.0.0.1/live/show.flv")).toEqual([reason]);
  });

  test("a redirect in a circle", async () => {
    const location = "http://10.0.0.1/live/show.flv";
    const [reason] = await reasonsOf({ status: 302, headers: { location } });
    expect(reason).toContain("the fourth in a row");
  });

  test("a missing server, or no answer", async () => {
    const stage = new Stage();
    const refused = await stage.play("http://10.0.0.1:81/live/show.flv");
    expect(refused.players?.reasons).toEqual({ "10.0.0.1:81: connection refused": 1 });
    stage.web.route("/live/show.flv", () => undefined);
    const silent = await stage.play("http://10.0.0.1/live/show.flv");
    expect(silent.players?.reasons).toEqual({ "no answer within 20 s": 1 });
  });
});

describe("a stream that ends is told with the reason", () => {
  test.each([
    ["http", "ended by the server: its answer is at an end"],
    ["ws", "ended by the server: unpublished (WebSocket 1000)"],
  ])("over %s", async (scheme, reason) => {
    const stage = new Stage();
    let body: LiveBody | undefined;
    const live = (given: LiveBody) => {
      body = given;
      stage.show.flv(given);
    };
    stage.web.route("/live/show.flv", () => ({ live }));
    const { players } = await stage.play(`${scheme}://10.0.0.1/live/show.flv`, 1, 4, (ms) => {
      if (ms === 2000) body?.end("unpublished");
    });
    expect(players).toMatchObject({ connected: 1, failed: 1, reasons: { [reason]: 1 } });
  });
});

test("a WebSocket server that answers for another key is refused", async () => {
  const headers = { "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" };
  const reason = "the server's Sec-WebSocket-Accept does not fit the key that it was sent";
  expect(await reasonsOf({ headers, live: () => {} }, "ws://10.0.0.1/live/show.flv")).toEqual([reason]);
});
