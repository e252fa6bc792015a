import { expect, test } from "bun:test";
import { Refusals } from "../../../../src/features/rtmp/refusals.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

test("a few refusals are a line each, a flood is ten and a count every ten seconds", () => {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const refusals = new Refusals(clock, log);
  const peer = { host: "192.0.2.1", port: 7 };
  refusals.add(peer, "no TLS");
  expect(log.lines.splice(0)).toEqual(["warn connection refused addr=192.0.2.1:7 error=no TLS"]);
  for (let i = 0; i < 999; i++) refusals.add(peer, "no TLS");
  expect(log.lines.splice(0)).toHaveLength(9);
  clock.advance(9999);
  refusals.tick();
  expect(log.lines).toEqual([]);
  clock.advance(1);
  refusals.tick();
  refusals.tick();
  expect(log.lines.splice(0)).toEqual(["warn more connections refused refused=990"]);
  refusals.add(peer, "no TLS");
  expect(log.lines).toHaveLength(1);
});
