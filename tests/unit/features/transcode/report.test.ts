import { expect, test } from "bun:test";
import { BOTH, TranscodeStage } from "../../../support/transcode-stage.ts";

test("An FFmpeg is reported with its engine, process, restarts, and why it fails since when", () => {
  const stage = new TranscodeStage(BOTH);
  const report = () => stage.transcode.report().transcoders?.[0];
  expect(report()).toBeUndefined();
  const feed = stage.publish().headers().key("k1").audio("a1").wait(40).inter("k1+1").wait(40);
  expect(report()).toMatchObject({
    ...{ stream: "__defaultVhost__/live/show", state: "running", pid: 1, restarts: 0 },
    ...{ lastError: undefined, failingSince: undefined, nextRetryAt: undefined },
  });
  const failedAt = stage.clock.wall();
  stage.ffmpegs.last.exit("it ended with code 1");
  expect(report()).toMatchObject({ state: "waiting", pid: undefined, failingSince: failedAt });
  expect(report()?.lastError).toContain("it ended with code 1");
  expect(report()?.nextRetryAt).toBeGreaterThanOrEqual(failedAt);
  feed.wait(5000).gop("k2", 5).audio("a2").wait(5000).gop("k3", 5).audio("a3").wait(1000);
  expect(report()).toMatchObject({ state: "running", pid: 1, restarts: 1, lastError: undefined });
});

test("An FFmpeg that waits for others to end is reported as queued", () => {
  const stage = new TranscodeStage(BOTH, "[transcode]\nmax_processes = 1");
  for (const name of ["one", "two"]) stage.publish(name).headers().key("k1").audio("a1").wait(40);
  const states = stage.transcode.report().transcoders?.map(({ state }) => state);
  expect(states?.toSorted()).toEqual(["queued", "running"]);
  expect(stage.transcode.report().now?.transcodes_failing).toBe(0);
  stage.ffmpegs.last.exit("it ended with code 1");
  stage.clock.advance(2000);
  // The other runs now, and it has to wait for its turn.
  expect(stage.transcode.report().transcoders?.[0]?.state).toBe("queued");
  expect(stage.transcode.report().now?.transcodes_failing).toBe(1);
});
