import { describe, expect, test } from "bun:test";
import { BenchShow } from "../../support/bench-show.ts";
import { BenchStage, playing, publishing } from "../../support/bench-stage.ts";
import { HttpStandIn } from "../../support/http-stand-in.ts";

/** Players that reconnect. */
const returning = (count: number, url?: string) => ({ ...playing(count, url), reconnect: true });

describe("a player that lost its connection and reconnects", () => {
  test("plays again, which counts as no failure and no loss, and counts the player once", async () => {
    const stage = new BenchStage();
    const both = { command: "both", publish: publishing(1), play: returning(5), seconds: 8 } as const;
    const { problems, players } = await stage.run(stage.bench(both), (ms) => {
      if (ms !== 4000 && ms !== 6000) return;
      for (const client of stage.clients.all())
        if (client.tasks.some(({ kind }) => kind === "play")) client.kick("kicked");
    });
    expect(problems).toEqual([]);
    expect(players).toMatchObject({ asked: 5, connected: 5, failed: 0, reasons: {} });
    expect(players?.reconnects?.count).toBe(10);
    expect(Object.values(players?.reconnects?.reasons ?? {})).toEqual([10]);
    expect(players?.reconnects?.outage_ms?.max).toBeWithin(500, 1100);
    expect(players?.kbps_each.least).toBeGreaterThan(300);
  });

  test("retries until it is let in again, and has failed if it is away at the end", async () => {
    const stage = new BenchStage();
    const both = { command: "both", publish: publishing(1), play: returning(3), seconds: 8 } as const;
    const { players } = await stage.run(stage.bench(both), (ms) => {
      if (ms === 5000) stage.access = () => undefined;
      if (ms === 7000)
        stage.access = ({ action }) => (action === "play" ? { kind: "denied", reason: "no" } : undefined);
      if (ms === 3000)
        stage.access = ({ action }) => (action === "play" ? { kind: "denied", reason: "no" } : undefined);
      if (ms !== 3000 && ms !== 7000) return;
      for (const client of stage.clients.all())
        if (client.tasks.some(({ kind }) => kind === "play")) client.kick("kicked");
    });
    expect(players?.reconnects?.count).toBe(3);
    expect(players?.reconnects?.outage_ms?.max).toBeWithin(2000, 3100);
    expect([players?.failed, players?.connected]).toEqual([3, 3]);
    expect(Object.keys(players?.reasons ?? {})[0]).toMatch(/^has not come back after refused: no/);
  });

  test("has failed if it is not let in for half a minute, and counts like others if it is", async () => {
    const stage = new BenchStage();
    stage.access = () => ({ kind: "denied", reason: "no" });
    const { players } = await stage.run(stage.bench({ play: returning(2), seconds: 4 }));
    expect(players).toMatchObject({ connected: 0, failed: 2, reconnects: { count: 0, outage_ms: null } });
    const late = new BenchStage();
    late.access = ({ action }) => (action === "play" ? { kind: "denied", reason: "no" } : undefined);
    const both = { command: "both", publish: publishing(1), play: returning(2), seconds: 4 } as const;
    const report = await late.run(late.bench(both), (ms) => {
      if (ms === 8000) late.access = () => undefined;
    });
    expect(report.problems).toEqual([]);
    expect(report.players).toMatchObject({ connected: 2, failed: 0, reconnects: { count: 0, reasons: {} } });
  });

  test("uses its first address, which may redirect elsewhere now", async () => {
    const stage = new BenchStage();
    const web = new HttpStandIn(stage.network);
    const show = new BenchShow(stage.clock);
    let at = "a";
    const ends: (() => void)[] = [];
    web.route("/live/show.flv", () => ({ status: 302, headers: { location: `/${at}/show.flv` } }));
    for (const name of ["a", "b"])
      web.route(`/${name}/show.flv`, () => ({
        live: (body) => {
          ends.push(() => body.end());
          show.flv(body);
        },
      }));
    stage.clock.advance(3000);
    const url = "http://10.0.0.1/live/show.flv";
    const { players } = await stage.run(stage.bench({ play: returning(2, url), seconds: 6 }), (ms) => {
      if (ms !== 2000) return;
      at = "b";
      for (const end of ends.splice(0)) end();
    });
    expect(web.asked.filter((path) => path === "/b/show.flv")).toHaveLength(2);
    expect(players).toMatchObject({ connected: 2, failed: 0, reconnects: { count: 2 } });
  });

  test("by HLS connects again after the first segment or playlist that it can't get", async () => {
    const stage = new BenchStage();
    const web = new HttpStandIn(stage.network);
    const show = new BenchShow(stage.clock);
    let isGone = false;
    web.route("/live/show.m3u8", () => {
      if (isGone) return { status: 404, body: "gone\n" };
      const listed = show.segments.slice(-4);
      for (const { number, bytes } of listed) web.route(`/live/${number}.ts`, () => ({ body: bytes }));
      const lines = listed.map(({ number }) => `#EXTINF:2.000,\n${number}.ts\n`).join("");
      return { body: `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${listed[0]?.number ?? 0}\n${lines}` };
    });
    stage.clock.advance(11_000);
    const url = "http://10.0.0.1/live/show.m3u8";
    const { problems, players } = await stage.run(stage.bench({ play: returning(1, url), seconds: 20 }), (ms) => {
      if (ms === 4000) isGone = true;
      if (ms === 8000) isGone = false;
    });
    expect(problems).toEqual([]);
    expect(players?.reconnects?.reasons).toEqual({ "playlist: refused: gone (HTTP 404)": 1 });
    expect(players?.reconnects?.outage_ms?.max).toBeWithin(1900, 5200);
  });
});
