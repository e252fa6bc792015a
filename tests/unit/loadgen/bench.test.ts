import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../src/media/packet.ts";
import { BenchStage, playing, publishing } from "../../support/bench-stage.ts";

describe("both ends at once", () => {
  test("find no fault with a good server", async () => {
    const stage = new BenchStage();
    const report = await stage.run(stage.bench({ command: "both", publish: publishing(1), play: playing(20) }));
    expect(report.problems).toEqual([]);
    expect(report.warnings).toEqual([]);
    expect(report).toMatchObject({
      command: "both",
      url: "rtmp://10.0.0.1/live/show",
      interrupted: false,
      publishers: { asked: 1, connected: 1, failed: 0, dropped: 0, late: 0 },
      players: { asked: 20, connected: 20, failed: 0, not_tried: 0, reasons: {}, checked: 20, synthetic: true },
    });
    expect(report.seconds).toBeWithin(4, 4.1);
    expect(report.players?.mbps).toBeWithin(11, 13);
    expect(report.players?.kbps_each.least).toBeWithin(550, 650);
    expect(report.players?.delay_ms?.max).toBeLessThan(400);
    expect(report.players?.first_frame_ms?.max).toBeLessThan(400);
    expect(report.players?.first_frame_after_play_ms?.max).toBeWithin(0, 400);
    expect(report.players?.frames.video).toBeGreaterThan(20 * 100);
  });

  test("end with the publisher when that is refused, and say why", async () => {
    const stage = new BenchStage();
    const other = stage.bench({ command: "publish", publish: publishing(1), seconds: 100 });
    const otherDone = stage.run(other);
    const report = await stage.run(stage.bench({ command: "both", publish: publishing(1), play: playing(5) }));
    expect(report.players).toMatchObject({ connected: 0, not_tried: 5 });
    expect(Object.keys(report.publishers?.reasons ?? {})[0]).toMatch(/^refused: .+ \(NetStream\.Publish\.BadName\)$/);
    expect(report.problems).toEqual(["publishers failed: 1", "no player connected"]);
    other.stop();
    await otherDone;
  });
});

test("players and publishers follow redirects of a server, and not for ever", async () => {
  const stage = new BenchStage();
  const elsewhere = { server: "rtmp://10.0.0.1:1935", params: "srs_directed=1" };
  stage.access = ({ directed }) => (directed ? undefined : { kind: "elsewhere", reason: "there", elsewhere });
  const both = { command: "both", publish: publishing(1), play: playing(5) } as const;
  const { problems, players, publishers } = await stage.run(stage.bench(both));
  expect(problems).toEqual([]);
  expect([players?.connected, players?.failed, publishers?.failed]).toEqual([5, 0, 0]);
  stage.access = () => ({ kind: "elsewhere", reason: "there", elsewhere });
  const circle = await stage.run(stage.bench({ play: playing(1) }));
  expect(circle.players?.reasons).toEqual({ "refused: redirected more than 3 times": 1 });
});

describe("players", () => {
  test("report that nothing came, and of which stream", async () => {
    const stage = new BenchStage();
    const report = await stage.run(stage.bench({ play: playing(3) }));
    expect(report.players).toMatchObject({
      connected: 3,
      failed: 3,
      reasons: { "nothing came: is live/show being published?": 3 },
      delay_ms: null,
      first_frame_ms: null,
      first_frame_after_play_ms: null,
    });
  });

  test("give up soon if nobody listens", async () => {
    const stage = new BenchStage();
    const report = await stage.run(stage.bench({ play: playing(500, "rtmp://10.0.0.1:1/live/show") }));
    const { failed = 0, not_tried = 0, reasons } = report.players ?? {};
    expect(failed).toBeWithin(20, 40);
    expect(failed + not_tried).toBe(500);
    expect(reasons).toEqual({ "10.0.0.1:1: connection refused": failed });
    expect(report.seconds).toBe(0);
  });

  test("count players that the server does not let in", async () => {
    const stage = new BenchStage(11);
    const report = await stage.run(stage.bench({ command: "both", publish: publishing(1), play: playing(30) }));
    expect(report.players).toMatchObject({ connected: 10, failed: 20, checked: 10 });
    expect(report.problems).toEqual(["players failed: 20"]);
  });

  test("report that the encoder has stopped", async () => {
    const stage = new BenchStage();
    const encoder = stage.bench({ command: "publish", publish: publishing(1), seconds: 100 });
    const encoding = stage.run(encoder);
    const report = await stage.run(stage.bench({ play: playing(2), seconds: 6 }), (ms) => {
      if (ms === 2000) encoder.stop();
    });
    expect(report.players?.failed).toBe(2);
    expect(Object.keys(report.players?.reasons ?? {})[0]).toMatch(/^ended by the server: .*Unpublish/);
    expect(report.players?.longest_gap_ms).toBeGreaterThan(1500);
    await encoding;
  });

  test("find frames that were changed on the way", async () => {
    const stage = new BenchStage();
    let bytes = 0;
    stage.network.tamper = (received) => {
      // Past the dialogue and in the middle of a large message.
      if (received.length > 2000 && ++bytes === 20) received[1500] = (received[1500] ?? 0) ^ 1;
      return received;
    };
    const report = await stage.run(stage.bench({ command: "both", publish: publishing(1), play: playing(1) }));
    expect(report.problems).toEqual(["frames corrupt: 1"]);
  });
});

describe("publishers", () => {
  test("publish a stream each, and all of it arrives", async () => {
    const stage = new BenchStage();
    const bench = stage.bench({ command: "publish", publish: publishing(5), seconds: 2 });
    let streams = 0;
    const report = await stage.run(bench, () => {
      streams = Math.max(streams, stage.clients.totals().publishers);
    });
    expect(streams).toBe(5);
    expect(report.problems).toEqual([]);
    expect(report.publishers?.mbps).toBeWithin(2.8, 3.3);
    expect(stage.clients.totals().publishers).toBe(0);
  });

  test("fail at a server that stops answering in its first second, even if the kernel takes all that they send", async () => {
    const stage = new BenchStage();
    const bench = stage.bench({ command: "publish", publish: publishing(2), seconds: 20 });
    const report = await stage.run(bench, (ms) => {
      if (ms === 300) stage.network.tamper = () => undefined;
    });
    expect(report.publishers?.reasons).toEqual({ "the server has given no sign of life for 10 s": 2 });
    expect(report.problems).toEqual(["publishers failed: 2"]);
  });

  test("leave out packets that a server does not take for seconds, and continue with a key frame", async () => {
    const stage = new BenchStage();
    const plan = { command: "both", publish: publishing(1), play: playing(1), seconds: 12 } as const;
    const report = await stage.run(stage.bench(plan), (ms) => {
      if (ms === 3000) stage.network.stall(true);
      if (ms === 8000) stage.network.stall(false);
    });
    const { players, publishers } = report;
    // Three seconds are kept and sent later; two, and the rest of the GOP, are left out.
    expect(publishers?.dropped).toBeWithin(100, 250);
    expect(players).toMatchObject({ failed: 0, gaps: 1, dirty: 0, disordered: 0, corrupt: 0 });
    expect((players?.lost.video ?? 0) + (players?.lost.audio ?? 0)).toBe(publishers?.dropped ?? -1);
    expect(report.problems).toEqual([
      `messages not accepted by the server: ${publishers?.dropped}`,
      `frames lost: ${publishers?.dropped}`,
    ]);
  });

  test("of a file publish its content", async () => {
    const stage = new BenchStage();
    const payload = Uint8Array.from([0x17, 1, 0, 0, 0, 1]);
    const message = { kind: PacketKind.Video, timestamp: 0, payload };
    const content = { messages: [message], durationMs: 40, video: true };
    const publish = { ...publishing(1), content };
    const report = await stage.run(stage.bench({ command: "both", publish, play: playing(2) }));
    expect(report.problems).toEqual([]);
    expect(report.players).toMatchObject({ synthetic: false, checked: 0, delay_ms: null });
    expect(report.players?.frames.audio).toBe(0);
    expect(report.players?.frames.video).toBeWithin(200, 300);
  });
});

test("a run that is stopped reports what it has seen so far", async () => {
  const stage = new BenchStage();
  const bench = stage.bench({ command: "both", publish: publishing(1), play: playing(3), seconds: 1000 });
  const report = await stage.run(bench, (ms) => {
    if (ms === 5000) bench.stop();
  });
  expect(report).toMatchObject({ interrupted: true, problems: [], players: { connected: 3 } });
  expect(report.seconds).toBeWithin(3, 4);
});

test("progress is reported once a second", async () => {
  const stage = new BenchStage();
  await stage.run(stage.bench({ command: "both", publish: publishing(1), play: playing(3) }));
  expect(stage.progress.length).toBe(5);
  expect(stage.progress.at(-1)).toMatchObject({ phase: "measuring", players: { running: 3, asked: 3, lost: 0 } });
  expect(stage.progress.at(-1)?.players?.mbps).toBeWithin(1.6, 2);
});
