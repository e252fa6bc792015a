import { expect, test } from "bun:test";
import { FlvRecorder } from "../support/flv-recorder.ts";
import { LiveStage } from "../support/live.ts";
import { between, mulberry32, pick } from "../support/random.ts";

test.each(Array.from({ length: 25 }, (_, seed) => seed))(
  "A recorder has what a player as slow as it has (seed %d)",
  (seed) => {
    const random = mulberry32(seed);
    const stage = new LiveStage({ queue_length: 2, gop_cache: random() < 0.8, grace: 5 });
    const stream = stage.stream();
    let feed = stage.publish().metadata().headers();
    const recorder = new FlvRecorder(stream);
    const viewer = stage.view();
    let count = 0;
    const name = (word: string) => `${word}${count++}`;
    const actions = [
      () => feed.gop(name("g"), between(random, 0, 30), 5000),
      () => feed.gop(name("g"), 2),
      () => feed.inter(name("p"), 3000).audio(name("a")).wait(40),
      () => feed.headers(name("V"), name("A")),
      () => feed.text(name("t")),
      () => {
        for (let i = 0; i < 120; i++) feed.audio(name("away")).wait(100);
      },
      () => {
        feed.end(pick(random, ["lost", "unpublished"]));
        stage.wait(between(random, 0, 8000));
        feed = stage.publish().metadata(name("m")).headers(name("V"), name("A"));
      },
      () => {
        for (const { sink } of [{ sink: recorder.disk }, viewer]) sink.stall();
      },
      () => {
        for (const { sink } of [{ sink: recorder.disk }, viewer]) sink.drain();
      },
      () => {
        for (const { reader } of [recorder, viewer]) stream.pause(reader);
      },
      () => {
        for (const { reader } of [recorder, viewer]) stream.unpause(reader);
      },
    ];
    for (let step = 0; step < 150; step++) pick(random, actions)();
    for (const { reader } of [recorder, viewer]) stream.unpause(reader);
    for (const { sink } of [{ sink: recorder.disk }, viewer]) sink.drain();
    feed.gop("end", 1);
    expect(recorder.names.at(-1)).toBe("end+1");
    expect(recorder.names).toEqual(viewer.log.filter((word) => !word.endsWith("published")));
    expect(recorder.told.map((told) => told.split(" ")[0])).toEqual(
      viewer.log.filter((word) => word.endsWith("published")),
    );
    expect([recorder.reader.lost, recorder.reader.state]).toEqual([viewer.lost, viewer.state]);
  },
);
