import { describe, expect, test } from "bun:test";
import type { Attempt, Failure, OnFailure } from "../../../../../src/features/page/browser/engine.ts";
import type { Way } from "../../../../../src/features/page/browser/media-address.ts";
import { Playback } from "../../../../../src/features/page/browser/playback.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";

const status = (code: number, retryAfterMs = 0): Failure => ({
  kind: "status",
  status: code,
  sentence: "",
  retryAfterMs,
});
const lost: Failure = { kind: "lost" };

/** A playback whose engines a test makes fail. */
function stage(servers = 1, ways: readonly Way[] = ["flv"]) {
  const clock = new FakeClock();
  const opened: Attempt[] = [];
  const engines: { fail: OnFailure; closed: boolean }[] = [];
  const playback = new Playback({
    servers: Array.from({ length: servers }, (_, at) => ({ base: `http://${at}.example/live/cam`, query: "" })),
    ways,
    clock,
    random: () => 0.5,
    open(attempt, fail) {
      const engine = { fail, closed: false };
      opened.push(attempt);
      engines.push(engine);
      return {
        figures: () => ({}),
        close() {
          engine.closed = true;
        },
      };
    },
    onChange: () => undefined,
  });
  const fail = (failure: Failure): void => engines.at(-1)?.fail(failure);
  return { clock, opened, engines, playback, fail };
}

test("an attempt knows the stream's other servers, the next server first", () => {
  const { opened, playback, fail } = stage(3);
  playback.start();
  fail({ kind: "lost" });
  expect(opened.map(({ url, others }) => [url, ...others])).toEqual([
    ["http://0.example/live/cam.flv", "http://1.example/live/cam.flv", "http://2.example/live/cam.flv"],
    ["http://1.example/live/cam.flv", "http://2.example/live/cam.flv", "http://0.example/live/cam.flv"],
  ]);
});

describe("a stream that is not live", () => {
  test("is requested again and again, ever more slowly, up to ten seconds", () => {
    const { clock, opened, playback, fail } = stage();
    playback.start();
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      fail(status(404));
      expect(playback.state).toMatchObject({ kind: "waiting", failure: { status: 404 } });
      const before = clock.now();
      const count = opened.length;
      while (opened.length === count) clock.advance(100);
      waits.push(clock.now() - before);
    }
    expect(waits[0]).toBe(1000);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBe(10_000);
  });

  test("is requested at once when the viewer says so", () => {
    const { opened, playback, fail } = stage();
    playback.start();
    fail(status(404));
    playback.start();
    expect(opened).toHaveLength(2);
    expect(playback.state).toMatchObject({ kind: "connecting" });
  });
});

describe("a refusal", () => {
  test("is not followed by another request soon", () => {
    const { clock, opened, playback, fail } = stage();
    playback.start();
    fail(status(403));
    clock.advance(29_000);
    expect(opened).toHaveLength(1);
    clock.advance(2000);
    expect(opened).toHaveLength(2);
  });

  test("of a busy server is followed by a request when the server says", () => {
    const { clock, opened, playback, fail } = stage();
    playback.start();
    fail(status(503, 20_000));
    clock.advance(19_000);
    expect(opened).toHaveLength(1);
    clock.advance(1000);
    expect(opened).toHaveLength(2);
  });
});

describe("with a second server", () => {
  test("a picture that is lost continues from there at once", () => {
    const { opened, engines, playback, fail } = stage(2);
    playback.start();
    playback.picture();
    fail(lost);
    expect(playback.state).toMatchObject({ kind: "connecting", attempt: { server: 1 }, failure: lost });
    expect(opened.map(({ url }) => url)).toEqual(["http://0.example/live/cam.flv", "http://1.example/live/cam.flv"]);
    expect(engines.map(({ closed }) => closed)).toEqual([true, false]);
  });

  test("each server is asked once before a pause, and a server's message is shown", () => {
    const { clock, opened, playback, fail } = stage(2);
    playback.start();
    fail(status(404));
    fail(lost);
    expect(playback.state).toMatchObject({ kind: "waiting", failure: { status: 404 } });
    clock.advance(1000);
    expect(opened.map(({ server }) => server)).toEqual([0, 1, 1]);
    fail(lost);
    expect(playback.state).toMatchObject({ kind: "connecting", failure: { status: 404 } });
  });
});

describe("a protocol that the server does not offer", () => {
  test("is followed by the next one", () => {
    const { opened, playback, fail } = stage(1, ["flv", "hls"]);
    playback.start();
    fail(status(406));
    expect(opened.map(({ way }) => way)).toEqual(["flv", "hls"]);
  });

  test("is reported when it is the last one", () => {
    const { playback, fail } = stage(1, ["flv", "hls"]);
    playback.start();
    fail(status(406));
    fail(status(406));
    expect(playback.state).toMatchObject({ kind: "waiting", failure: { status: 406 } });
  });
});

test("events of an engine after its close change nothing", () => {
  const { engines, playback } = stage();
  playback.start();
  playback.stop();
  engines[0]?.fail(lost);
  expect(playback.state).toEqual({ kind: "stopped" });
});

test("after a picture that lasted, the next pause is short again", () => {
  const { clock, opened, playback, fail } = stage();
  playback.start();
  for (let round = 0; round < 6; round++) {
    fail(status(404));
    clock.advance(10_000);
  }
  playback.picture();
  clock.advance(6000);
  playback.picture();
  const count = opened.length;
  fail(lost);
  clock.advance(1000);
  expect(opened).toHaveLength(count + 1);
});

test("a picture that gets stuck each time is started anew ever more slowly, however long it stands still", () => {
  const { clock, opened, playback, fail } = stage();
  playback.start();
  const waits: number[] = [];
  for (let round = 0; round < 8; round++) {
    playback.picture();
    clock.advance(1000);
    playback.picture();
    clock.advance(9000);
    fail({ kind: "stuck" });
    const before = clock.now();
    const count = opened.length;
    while (opened.length === count) clock.advance(100);
    waits.push(clock.now() - before);
  }
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect([waits[0], waits.at(-1)]).toEqual([1000, 10_000]);
});
