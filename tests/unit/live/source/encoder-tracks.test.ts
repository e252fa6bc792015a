import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../../src/amf/amf0.ts";
import { AmfObject } from "../../../../src/amf/value.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { type Feed, LiveStage, nameOf } from "../../../support/live.ts";

/** A server, and one behind it that gets each packet and what is told. */
function pair() {
  const live = new LiveStage();
  const origin = live.stream("origin");
  const behind = live.publish("behind", "relay");
  const edge = live.stream("behind");
  const told: string[] = [];
  const tell = (lost: boolean) => {
    const { epoch = "", ladder, tracks } = origin.told;
    told.push(tracks);
    behind.source.receiveEpoch(epoch, lost, ladder, tracks);
  };
  origin.tap(
    {
      send: (range) => {
        for (const { kind, payload } of range.start?.headers ?? []) behind.send(kind, payload, range.start?.time);
        range.forEach(({ kind, time, payload }) => {
          behind.send(kind, payload.slice(), time);
        });
        return true;
      },
    },
    { epoch: tell },
  );
  const names = (stream: typeof origin) =>
    (stream.sources.active?.headers.list ?? []).map(({ kind, payload }) => nameOf(kind, payload));
  return { live, origin, edge, told, names: () => ({ origin: names(origin), edge: names(edge) }) };
}

/** Half a second of sound and pictures; `tracks`: "av", "a" or "v". */
function play(feed: Feed, tracks: string, name: string): Feed {
  if (tracks.includes("v")) feed.key(`k ${name}`);
  for (let at = 0; at < 10; at++) {
    if (tracks.includes("a")) feed.audio(`a ${name} ${at}`);
    feed.wait(50);
    if (tracks.includes("v")) feed.inter(`p ${name} ${at}`);
  }
  return feed;
}

describe("a server that gets a stream from another", () => {
  test("forgets the headers of an encoder when the next one begins, and keeps what that one has sent", () => {
    const { live, names, told } = pair();
    const first = live.publish("origin", "first").metadata("M").headers("V0", "A0");
    play(first, "av", "first").end("lost");
    expect(names()).toEqual({ origin: [], edge: ["M", "A0", "V0"] });
    const second = live.publish("origin", "second").videoHeader("V1");
    play(second, "v", "second");
    expect(names()).toEqual({ origin: ["V1"], edge: ["V1"] });
    expect(told.at(-1)).toMatch(/^\d+ v0$/);
    second.audioHeader("A1").audio("late");
    play(second, "av", "second again");
    expect(names()).toEqual({ origin: ["A1", "V1"], edge: ["A1", "V1"] });
  });

  test("keeps the headers of an encoder that continues, and of one whose server tells nothing", () => {
    const { live, names, edge } = pair();
    const encoder = live.publish("origin", "first").headers("V0", "A0");
    play(encoder, "av", "first");
    // Another header of a track begins no other encoder.
    play(encoder.videoHeader("V1"), "v", "changed");
    expect(names().edge).toEqual(["A0", "V1"]);
    const { epoch = "" } = edge.told;
    edge.sources.active?.receiveEpoch(epoch, false);
    play(encoder, "v", "on");
    expect(names().edge).toEqual(["A0", "V1"]);
  });

  test("forgets nothing before the first packet of the next encoder, however early it is told", () => {
    const live = new LiveStage();
    const feed = live.publish().headers("V0", "A0");
    play(feed, "av", "first");
    const stream = live.stream();
    const { epoch = "" } = stream.told;
    const { active } = stream.sources;
    const kinds = () => active?.headers.list.map(({ kind }) => kind);
    feed.source.receiveEpoch(epoch, false, "", `${feed.time + 1000} v0`);
    play(feed, "a", "last");
    expect(kinds()).toEqual([PacketKind.Audio, PacketKind.Video]);
    play(feed.wait(500), "v", "second");
    expect(kinds()).toEqual([PacketKind.Video]);
    // The same again is no news.
    feed.source.receiveEpoch(epoch, false, "", `${feed.time - 500} v0`);
    feed.audioHeader("A1");
    feed.source.receiveEpoch(epoch, false, "", `${feed.time - 500} v0`);
    expect(kinds()).toEqual([PacketKind.Audio, PacketKind.Video]);
  });

  test("drops no frame of a GOP in which the next encoder is said to begin", () => {
    const live = new LiveStage();
    const viewer = live.view();
    const feed = live.publish().headers("V0", "A0").key("k0").audio("a0");
    live.wait(40, feed);
    const { epoch = "" } = live.stream().told;
    feed.source.receiveEpoch(epoch, false, "", `${feed.time + 40} v0`);
    for (const name of ["p1", "p2"]) live.wait(40, feed.inter(name));
    const headers = () => live.stream().sources.active?.headers.list.map(({ kind }) => kind);
    expect(viewer.got.map(({ name }) => name).slice(-2)).toEqual(["p1", "p2"]);
    expect(headers()).toEqual([PacketKind.Audio, PacketKind.Video]);
    live.wait(40, feed.key("k1"));
    expect(headers()).toEqual([PacketKind.Video]);
    expect(viewer.got.at(-1)?.name).toBe("k1");
  });

  test.each(["", "x", "1e3 v0", "99999999999999999 v0", `0 ${"v".repeat(5000)}`, "9007199254740991 %E0"])(
    "ignores what no server writes: %#",
    (text) => {
      const live = new LiveStage();
      const feed = live.publish().headers("V0", "A0");
      play(feed, "av", "first");
      const { epoch = "" } = live.stream().told;
      expect(feed.source.receiveEpoch(epoch, false, "", text)).toBe(true);
      play(feed, "av", "on");
      expect(live.stream().sources.active?.headers.list).toHaveLength(2);
    },
  );

  test("has no metadata of an earlier encoder among that of the next", () => {
    const live = new LiveStage();
    const stream = live.stream();
    const info = { id: "r", remote: "test", param: "", hops: ["origin"], via: "client" } as const;
    const source = stream.publish(info);
    const set = (values: Record<string, number>) =>
      source?.push(PacketKind.Data, 0, encodeAmf0(["@setDataFrame", "onMetaData", AmfObject.ecma(values)]));
    set({ width: 320, audiocodecid: 10 });
    set({ width: 640 });
    const [metadata] = stream.sources.active?.headers.list ?? [];
    expect(metadata?.payload).toEqual(encodeAmf0(["onMetaData", AmfObject.ecma({ width: 640 })]));
  });
});

test("a standby of another encoder begins other tracks, and one that continues the stream does not", () => {
  const live = new LiveStage();
  const stream = live.stream();
  live.view();
  const first = live.publish("show", "first").headers("V0", "A0");
  const same = live.publish("show", "same", { onConflict: "standby" }).headers("V0", "A0");
  const other = live.publish("show", "other", { onConflict: "standby" }).videoHeader("V1");
  other.time = 77_000;
  for (let at = 0; at < 4; at++) {
    for (const feed of [first, same]) feed.key(`k${at}`).audio(`a${at}`);
    other.key(`o${at}`);
    live.wait(1000, first, same, other);
  }
  const { text } = stream.tracks;
  expect(text).toBe("0 a0 v0");
  first.end("lost");
  same.key("k4").audio("a4");
  expect([stream.source?.info.id, stream.tracks.text]).toEqual(["same", text]);
  same.end("lost");
  other.key("o4");
  live.wait(1000, other);
  other.key("o5");
  expect(stream.source?.info.id).toBe("other");
  expect(stream.tracks.text).toMatch(/^[1-9]\d* v0$/);
  expect(stream.tracks.starts.at(-1)?.headers).toHaveLength(1);
});
