import { expect, test } from "bun:test";
import { MessageLog } from "../../../../src/features/transcode/message-log.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

test("FFmpeg processes that flood and end at once share the ten lines of a minute", () => {
  const log = new RecordingLog();
  const clock = new FakeClock();
  const messages = new MessageLog(clock, log, {});
  for (let run = 0; run < 5; run++) {
    for (let i = 0; i < 20; i++) messages.add(`run ${run}, line ${i}`);
    messages.end();
  }
  expect(log.take(/ffmpeg says text/).length).toBe(10);
  clock.advance(60_000);
  messages.add("a minute later");
  expect(log.take(/a minute later/).length).toBe(1);
});
