import { expect, test } from "bun:test";
import { SpellingHints } from "../../../../src/features/hints/hints.ts";
import { SlabPool } from "../../../../src/live/log/slabs.ts";
import type { Source } from "../../../../src/live/source/source.ts";
import type { Stream } from "../../../../src/live/stream.ts";
import { Streams } from "../../../../src/live/streams.ts";
import { epochIds } from "../../../support/epoch-ids.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { rethrow } from "../../../support/faults.ts";
import { LiveStage, streamDefaults, Viewer } from "../../../support/live.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

const WAIT = "warn viewers wait for a stream that nobody publishes; one with a similar name is live";

class Stage {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly #streams = new Streams(this.clock, rethrow, epochIds(), new SlabPool(new FakeClock()));
  readonly #live = new LiveStage();

  constructor() {
    this.#streams.observe(new SpellingHints(this.clock, this.log));
  }

  /** By `app/stream`, or `vhost//app/stream`. */
  #stream(path: string): Stream {
    const [vhost, names] = path.includes("//") ? path.split("//") : ["__defaultVhost__", path];
    const at = names?.lastIndexOf("/") ?? 0;
    return this.#streams.open(
      { vhost: vhost ?? "", app: names?.slice(0, at) ?? "", stream: names?.slice(at + 1) ?? "" },
      streamDefaults,
    );
  }

  publish(path: string): Source {
    const source = this.#stream(path).publish({ id: "p", remote: "test", param: "", hops: [], via: "client" });
    if (source === undefined) throw new Error(`${path} is busy`);
    return source;
  }

  watch(path: string): Viewer {
    return new Viewer(this.#live, this.#stream(path), {
      demand: { param: "", hops: [], pageUrl: "", swfUrl: "", tcUrl: "" },
    });
  }

  /** A client is told that nobody publishes this. */
  ask(path: string): void {
    const [app = "", stream = ""] = path.split("/");
    this.#streams.reportAbsent({ vhost: "__defaultVhost__", app, stream });
  }

  hints(afterMs = 3000): string[] {
    this.clock.advance(afterMs);
    return this.log.take();
  }
}

test.each([
  ["live/cam", "Live/CAM", "capitals"],
  ["live/my cam", "live/my%20cam", "percent-encoding, which rtmpdump takes out of a name and FFmpeg leaves there"],
  ["live/cam-1", "live/cam_1", "one kind of punctuation for another"],
  ["live/cam", "live/cam/cam", "a name that is said twice"],
  ["live/cam", "v.example.com//live/cam", "a vhost of the configuration for the default one"],
  ["v.example.com//live/cam", "live/cam", "the default vhost for one of the configuration"],
])("while /%s is live, viewers that wait for /%s get one line in the log: %s", (live, wanted) => {
  const label = (path: string) => (path.includes("//") ? path.replace("//", "/") : `/${path}`);
  const line = `${WAIT} stream=${label(wanted)} live=${label(live)}`;
  const publishedFirst = new Stage();
  publishedFirst.publish(live);
  publishedFirst.watch(wanted);
  publishedFirst.watch(wanted);
  expect(publishedFirst.hints(2900)).toEqual([]);
  expect(publishedFirst.hints(100)).toEqual([line]);
  expect(publishedFirst.hints(60_000)).toEqual([]);
  const watchedFirst = new Stage();
  watchedFirst.watch(wanted);
  expect(watchedFirst.hints(60_000)).toEqual([]);
  watchedFirst.publish(live);
  expect(watchedFirst.hints()).toEqual([line]);
});

test.each([
  ["live/cam", "live/other"],
  ["live/cam1-1", "live/cam11"],
  ["live/cam", "vod/cam"],
  ["a.example.com//live/cam", "b.example.com//live/cam"],
])("while /%s is live, there is no hint for viewers that wait for /%s", (live, wanted) => {
  const stage = new Stage();
  stage.publish(live);
  stage.watch(wanted);
  expect(stage.hints(60_000)).toEqual([]);
});

test("there is no hint when the stream comes within three seconds, or its viewers leave", () => {
  const stage = new Stage();
  stage.publish("live/cam");
  stage.watch("live/Cam");
  stage.watch("live/CAM").leave();
  stage.clock.advance(2000);
  stage.publish("live/Cam");
  expect(stage.hints(60_000)).toEqual([]);
});

test("a stream's encoder may come back under another name, and each of its viewers' waits counts anew", () => {
  const stage = new Stage();
  const source = stage.publish("live/cam");
  stage.watch("live/cam");
  expect(stage.hints(60_000)).toEqual([]);
  source.end("unpublished");
  stage.clock.advance(1000);
  stage.publish("live/Cam");
  expect(stage.hints(2900)).toEqual([]);
  expect(stage.hints(3000)).toEqual([`${WAIT} stream=/live/cam live=/live/Cam`]);
});

test("a thousand misspelt names make ten lines in ten seconds", () => {
  const stage = new Stage();
  stage.publish("live/abcdefghij");
  for (let bits = 1; bits <= 1000; bits++)
    stage.watch(
      `live/${[..."abcdefghij"].map((letter, at) => ((bits >> at) & 1 ? letter.toUpperCase() : letter)).join("")}`,
    );
  expect(stage.hints(9000)).toHaveLength(10);
});

test("a hint that finds no room among the ten lines comes later, as long as its viewers wait", () => {
  const stage = new Stage();
  for (let at = 0; at < 12; at++) {
    stage.publish(`live/cam${at}`);
    stage.watch(`live/CAM${at}`);
  }
  expect(stage.hints()).toHaveLength(10);
  expect(stage.hints(12_000)).toHaveLength(2);
  expect(stage.hints(60_000)).toEqual([]);
});

test("a name that is asked for again and again is logged once an hour, and sixteen misspelt ones hide no other for longer", () => {
  const stage = new Stage();
  stage.publish("live/abcde");
  const names = Array.from({ length: 17 }, (_, bits) =>
    [..."abcde"].map((letter, at) => (((bits + 1) >> at) & 1 ? letter.toUpperCase() : letter)).join(""),
  );
  const ask = () => {
    for (const name of names) {
      stage.ask(`live/${name}`);
      stage.clock.advance(2000);
    }
    return stage.log.take().length;
  };
  expect([ask(), ask()]).toEqual([16, 0]);
  stage.clock.advance(3_600_000);
  expect(ask()).toBe(16);
});

test("clients that ask over HTTP and do not wait cause one line for each name, while a similar one is live", () => {
  const stage = new Stage();
  stage.ask("live/Cam");
  const source = stage.publish("live/cam");
  for (const name of ["live/Cam", "live/CAM", "live/Cam", "live/other"]) stage.ask(name);
  const line = (name: string) =>
    `warn viewers ask for a stream that nobody publishes; one with a similar name is live stream=/${name} live=/live/cam`;
  expect(stage.hints()).toEqual([line("live/Cam"), line("live/CAM")]);
  source.end("unpublished");
  stage.ask("live/caM");
  expect(stage.hints()).toEqual([]);
});
