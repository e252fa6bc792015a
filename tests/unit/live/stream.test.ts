import { describe, expect, test } from "bun:test";
import type { SourceEnd } from "../../../src/live/source/source.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { fromHex, toHex } from "../../support/bytes.ts";
import { LiveStage } from "../../support/live.ts";

const GOP = ["meta", "A0", "V0", "k", "k+1", "k+2"];

function begun(config = {}) {
  const stage = new LiveStage(config);
  const feed = stage.publish().metadata().headers().gop("k", 2);
  return { stage, feed };
}

describe("a publisher", () => {
  test("is alone: a second one is refused as the stream is busy, and changes nothing", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    expect(stage.stream().publish({ id: "q", remote: "", param: "", hops: [], via: "client" })).toBeUndefined();
    feed.inter("p1").wait(40);
    expect(viewer.log).toEqual([...GOP, "p1"]);
    expect(stage.stream().source?.info.id).toBe("p");
  });

  test("that has ended sends nothing more, and cannot end another", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    feed.end();
    viewer.news();
    feed.key("too late").wait(40);
    stage.publish("show", "q").key("K").wait(40);
    feed.end();
    feed.key("too late").wait(40);
    expect(viewer.news()).toEqual(["published", "K"]);
    expect(stage.stream().source?.info.id).toBe("q");
  });

  test("has counts of its packets and bytes", () => {
    const { feed } = begun();
    const { packets, bytes } = feed.source;
    feed.key("K", 1000).inter("p", 500);
    expect([feed.source.packets - packets, feed.source.bytes - bytes]).toEqual([2, 1500]);
  });

  test("that begins in the middle of a GOP is passed from its first key frame on", () => {
    const stage = new LiveStage();
    const viewer = stage.view();
    stage.publish().headers().inter("x1").inter("x2").gop("k", 1);
    expect(viewer.log).toEqual(["published", "A0", "V0", "k", "k+1"]);
  });
});

describe("the end of a stream", () => {
  test("is notified to its readers, which stay and continue when it is published again", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    feed.end("unpublished");
    expect(viewer.news()).toEqual([...GOP, "unpublished"]);
    const second = stage.publish().headers("V1", "A1").gop("K", 1);
    expect(viewer.news()).toEqual(["published", "A1", "V1", "K", "K+1"]);
    expect(second.source.info.id).toBe("p");
  });

  test("does not overtake the last packets", () => {
    const { stage, feed } = begun({ mw_latency: 350 });
    const viewer = stage.view();
    feed.inter("p1").wait(1).inter("p2");
    feed.end();
    expect(viewer.news()).toEqual([...GOP, "p1", "p2", "unpublished"]);
  });

  test("does not overtake the last packets of a slow reader either", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    viewer.sink.stall();
    feed.inter("p1").wait(40).inter("p2").wait(40).inter("p3");
    feed.end();
    stage.clock.advance(1000);
    expect(viewer.news()).toEqual(GOP);
    viewer.sink.drain();
    expect(viewer.news()).toEqual(["p1", "p2", "p3", "unpublished"]);
  });

  test("does not overtake a flush that is under way", () => {
    const { stage, feed } = begun();
    const viewers = Array.from({ length: 400 }, () => stage.view());
    for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.1);
    feed.inter("p1");
    stage.clock.turn();
    feed.end();
    for (const { log } of viewers) expect(log.slice(-2)).toEqual(["p1", "unpublished"]);
  });

  test("is notified at once to paused readers, and to those that pause before its last packets", () => {
    const { stage, feed } = begun();
    const [paused, slow] = [stage.view(), stage.view()];
    paused.pause();
    slow.sink.stall();
    feed.inter("p1").wait(40).inter("p2").wait(40);
    feed.end();
    expect(paused.log.at(-1)).toBe("unpublished");
    expect(slow.log.at(-1)).toBe("k+2");
    slow.pause();
    expect(slow.log.at(-1)).toBe("unpublished");
    stage.publish().headers("V1", "A1").gop("K", 1);
    expect(paused.log.at(-1)).toBe("published");
    paused.unpause();
    expect(paused.log.slice(-5)).toEqual(["published", "A1", "V1", "K", "K+1"]);
  });

  test("is not notified to a slow reader that did not get it before the stream begins again", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    viewer.news();
    viewer.sink.stall();
    feed.inter("p1").wait(40).inter("p2").wait(40);
    feed.end();
    const again = stage.publish().headers("V1", "A1").gop("K", 1);
    viewer.sink.drain();
    again.inter("p3").wait(40);
    expect(viewer.news()).toEqual(["p1", "p2", "A1", "V1", "K", "K+1", "p3"]);
  });

  test("is notified to a slow reader that loses its last packets to the limits of the queue", () => {
    const { stage, feed } = begun({ queue_max_bytes: 1000, gop_cache_max_bytes: 1000 });
    const viewer = stage.view();
    viewer.sink.stall();
    feed.inter("p1", 10).wait(40);
    for (let i = 0; i < 10; i++) feed.inter("big", 200);
    feed.end();
    expect(viewer.log.at(-1)).toBe("unpublished");
  });

  test("is not notified to readers that came after it", () => {
    const { stage, feed } = begun();
    const early = stage.view();
    feed.end();
    const late = stage.view();
    stage.clock.advance(60_000);
    expect(late.log).toEqual([]);
    stage.publish().headers("V1", "A1").gop("K", 1);
    expect(late.log).toEqual(["published", "A1", "V1", "K", "K+1"]);
    expect(early.log.slice(-6)).toEqual(["unpublished", "published", "A1", "V1", "K", "K+1"]);
  });
});

describe("a publisher that is lost", () => {
  test("may come back within the grace time without any notification", () => {
    const { stage, feed } = begun({ grace: 10 });
    const viewer = stage.view();
    feed.end("lost");
    stage.clock.advance(9000);
    stage.publish().headers("V1", "A1").gop("K", 1);
    stage.clock.advance(60_000);
    expect(viewer.log).toEqual([...GOP, "A1", "V1", "K", "K+1"]);
  });

  test("is notified when the grace time has passed", () => {
    const { stage, feed } = begun({ grace: 10 });
    const viewer = stage.view();
    feed.end("lost");
    stage.clock.advance(9999);
    expect(viewer.news()).toEqual(GOP);
    stage.clock.advance(1);
    expect(viewer.news()).toEqual(["unpublished"]);
  });

  test("leaves time continuous: a restarted encoder's packets come after the last ones", () => {
    const { stage, feed } = begun({ grace: 10 });
    const viewer = stage.view();
    feed.end("lost");
    stage.clock.advance(2000);
    stage.publish().headers("V1", "A1").gop("K", 1);
    expect(viewer.got.map(({ name, time }) => `${name} ${time}`).slice(-5)).toEqual([
      "k+2 80",
      "A1 80",
      "V1 80",
      "K 120",
      "K+1 160",
    ]);
  });

  test("and comes back as a relay with its newest GOP continues where it broke off, with no packet twice", () => {
    const { stage, feed } = begun({ grace: 10 });
    const viewer = stage.view();
    feed.gop("l", 2).end("lost");
    stage.clock.advance(1000);
    const again = stage.publish().metadata().headers();
    again.time = 120;
    again.key("l");
    for (const name of ["l+1", "l+2", "l+3", "l+4"]) again.wait(40).inter(name);
    again.wait(40);
    expect(viewer.got.map(({ name, time }) => `${name} ${time}`).slice(-5)).toEqual([
      "meta 200",
      "A0 200",
      "V0 200",
      "l+3 240",
      "l+4 280",
    ]);
  });

  test("and sends the same from its start again is another encoder, of which readers get all", () => {
    const { stage, feed } = begun({ grace: 10 });
    const viewer = stage.view();
    feed.gop("l", 2).end("lost");
    for (const how of ["lost", "unpublished"] satisfies SourceEnd[]) {
      stage.clock.advance(1000);
      viewer.news();
      stage.publish().headers().gop("k", 2).gop("l", 2).end(how);
      expect(viewer.news().filter((name) => /^[kl]/.test(name))).toEqual(["k", "k+1", "k+2", "l", "l+1", "l+2"]);
    }
  });

  test("keeps the newest GOP for readers that join when it is back, and not longer than the grace time", () => {
    const { stage, feed } = begun({ grace: 10 });
    stage.view();
    feed.end("lost");
    expect(stage.stream().log.end - stage.stream().log.start).toBe(3);
    stage.clock.advance(10_000);
    expect(stage.stream().log.end - stage.stream().log.start).toBe(0);
  });
});

describe("a reader that waits", () => {
  test("begins with the first of several GOPs that a publisher sends at once", () => {
    const stage = new LiveStage();
    const viewer = stage.view();
    const feed = stage.publish().headers();
    for (const name of ["g1", "g2", "g3"]) feed.key(name).inter(`${name}+1`);
    feed.wait(40);
    expect(viewer.news()).toEqual(["published", "A0", "V0", "g1", "g1+1", "g2", "g2+1", "g3", "g3+1"]);
  });

  test("for a stream without video loses none of its first packets, however many come in one turn", () => {
    const stage = new LiveStage();
    const early = [stage.view(), stage.view({ video: false })];
    const feed = stage.publish().metadata().audioHeader("A0").wait(20);
    const late = [stage.view(), stage.view({ video: false })];
    feed.audio("a1").audioHeader("A1").audio("a2").audio("a3").wait(20).audio("a4").wait(20);
    const audio = ["a1", "A1", "a2", "a3", "a4"];
    for (const viewer of early) expect(viewer.log).toEqual(["published", "meta", "A0", ...audio]);
    for (const viewer of late) expect(viewer.log).toEqual(["meta", "A0", ...audio]);
  });

  test("and joins a stream that is back gets nothing of the source before, which may be out of date", () => {
    const { stage, feed } = begun({ grace: 10 });
    stage.view();
    feed.end("lost");
    stage.clock.advance(5000);
    const back = stage.publish();
    const viewer = stage.view();
    expect(viewer.news()).toEqual([]);
    back.headers("V1", "A1").gop("n", 1);
    expect(viewer.news()).toEqual(["A1", "V1", "n", "n+1"]);
  });
});

describe("an observer", () => {
  test("is notified of each beginning and end, after the last packets", () => {
    const stage = new LiveStage();
    const told: string[] = [];
    const viewer = stage.view();
    stage.observe({
      published: (stream, name, source) => told.push(`+ ${stream.key} ${name.stream} ${source.info.id}`),
      unpublished: (stream, source, how) => told.push(`- ${stream.key} ${source.info.id} ${how} ${viewer.log.at(-1)}`),
    });
    for (const how of ["lost", "unpublished"] satisfies SourceEnd[]) {
      const feed = stage.publish().key(how);
      feed.end(how);
      feed.end(how);
    }
    expect(told).toEqual([
      "+ __defaultVhost__/live/show show p",
      "- __defaultVhost__/live/show p lost lost",
      "+ __defaultVhost__/live/show show p",
      "- __defaultVhost__/live/show p unpublished unpublished",
    ]);
  });
});

describe("data", () => {
  test("of all kinds reaches the readers; metadata is merged and kept for later readers", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    viewer.news();
    feed.text("hello").metadata("second").wait(40);
    expect(viewer.news()).toEqual(["hello", "second"]);
    expect(stage.view().log.slice(0, 1)).toEqual(["meta"]);
    feed.gop("K", 0);
    expect(stage.view().log).toEqual(["second", "A0", "V0", "K"]);
  });
});

describe("several tracks", () => {
  const av01 = "61763031";
  /** Enhanced RTMP, one track of a multitrack message: sequence start (0), key frame (1), inter frame (a1). */
  const video = (track: number, what: "header" | "key" | "inter", name: string) =>
    fromHex(
      `${what === "inter" ? "a6" : "96"} 0${what === "header" ? 0 : 3} ${av01} 0${track} ${toHex(new TextEncoder().encode(name))}`,
    );

  test("begin a GOP with the key frame of the lowest track that has any", () => {
    const stage = new LiveStage();
    const feed = stage.publish();
    const send = (track: number, what: "header" | "key" | "inter", name: string) =>
      feed.send(PacketKind.Video, video(track, what, name));
    const names = (got: readonly { payload: Uint8Array }[]) =>
      got.map(({ payload }) => new TextDecoder().decode(payload.subarray(7)));
    send(1, "header", "H1").wait(10);
    send(2, "header", "H2").wait(10);
    send(2, "key", "2k").wait(10);
    send(1, "key", "1k").wait(10);
    send(2, "key", "2K").wait(10);
    send(1, "inter", "1p").wait(10);
    expect(names(stage.view().got)).toEqual(["H1", "H2", "1k", "2K", "1p"]);
  });
});

describe("lag", () => {
  test("is how far a reader is behind the newest packet", () => {
    const { stage, feed } = begun();
    const [slow, fast] = [stage.view(), stage.view()];
    slow.sink.stall();
    for (let i = 0; i < 11; i++) feed.inter(`p${i}`).wait(100);
    expect(stage.stream().lagMs(slow.reader)).toBe(900);
    expect(stage.stream().lagMs(fast.reader)).toBe(0);
    slow.sink.drain();
    expect(stage.stream().lagMs(slow.reader)).toBe(0);
  });
});
