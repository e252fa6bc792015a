import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { upgrade, watch } from "../../../support/flv-end.ts";
import { HttpLiveStage } from "../../../support/http-live-stage.ts";
import { brief, request } from "../../../support/http-stage.ts";

describe("A viewer of a stream that is live", () => {
  test("gets the head, FLV's header and the cached GOP at once, then the packets as they come", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    expect(viewer.news()).toEqual(["200", "FLV 5", "A0", "V0", "k1", "k1+1"]);
    feed.wait(40).audio("a1");
    expect(viewer.news()).toEqual(["a1"]);
    expect(stage.events).toEqual(["c1 began play __defaultVhost__/live/show"]);
    expect(stage.clients.totals()).toMatchObject({ players: 1 });
  });

  test("shares its bytes with other viewers", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const [one, other] = [watch(stage), watch(stage)];
    for (const viewer of [one, other]) viewer.news();
    feed.wait(40).inter("p");
    stage.clock.settle();
    const last = one.end.sink.sent.at(-1);
    expect(last?.length).toBeGreaterThan(0);
    expect(other.end.sink.sent.at(-1)).toBe(last as Uint8Array);
  });

  test("that waits for a key frame gets its head after a while, and FLV's header with the key frame", () => {
    const stage = new HttpLiveStage().configure({ gop_cache: false });
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    expect(viewer.news()).toEqual([]);
    // Edges wait 5 s for it.
    feed.wait(3500).inter("p");
    expect(viewer.news()).toEqual(["200"]);
    feed.wait(40).gop("k2", 1);
    expect(viewer.news()).toEqual(["FLV 5", "A0", "V0", "k2", "k2+1"]);
  });

  test("that is slow skips to a key frame, and loses nothing in between", () => {
    const stage = new HttpLiveStage().configure({ queue_length: 1 });
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    viewer.end.sink.stall();
    for (let gop = 2; gop < 6; gop++) feed.gop(`k${gop}`, 24, 1000);
    viewer.end.sink.drain();
    feed.wait(40).inter("last");
    const news = viewer.news();
    const at = news.indexOf("k5");
    expect(news.slice(at, at + 3)).toEqual(["k5", "k5+1", "k5+2"]);
    expect(news).not.toContain("k3");
    expect(news.at(-1)).toBe("last");
    viewer.end.hangUp();
    expect(stage.events.at(-1)).toMatch(/^c1 ended play lost=[1-9]/);
  });

  test("reports how far it is behind the newest packet, also over WebSocket", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const lags = () =>
      [...stage.clients.all()].flatMap(({ tasks }) => [...tasks].map((task) => ("lagMs" in task ? task.lagMs : -1)));
    const slow = [stage.dial(), stage.dial()];
    slow[0]?.get("/live/show.flv");
    slow[1]?.say(request("/live/show.flv", ...upgrade));
    const prompt = watch(stage);
    prompt.news();
    expect(lags()).toEqual([0, 0, 0]);
    for (const { sink } of slow) sink.stall();
    for (let at = 0; at < 11; at++) feed.inter(`p${at}`).wait(100);
    expect(lags()).toEqual([900, 900, 0]);
    for (const { sink } of slow) sink.drain();
    stage.clock.settle();
    expect(lags()).toEqual([0, 0, 0]);
  });

  test("leaves when its client goes, and the stream is forgotten with its last viewer", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    expect(stage.stream?.viewers).toBe(1);
    viewer.end.hangUp();
    expect([stage.stream?.viewers, stage.events.at(-1)]).toEqual([0, "c1 ended play lost=0"]);
    feed.end();
    expect(stage.stream).toBeUndefined();
  });

  test("is disconnected by a kick", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    stage.clients.find("c1")?.kick("by the operator");
    expect([viewer.news(), viewer.end.state, stage.stream?.viewers]).toEqual([["end"], "closing", 0]);
  });

  test("of HTTP/1.0 gets the bytes unframed, and one of WebSocket in frames", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    const old = stage.dial().say("GET /live/show.flv HTTP/1.0\r\n\r\n");
    expect(old.slice(old.indexOf("\r\n\r\n") + 4)).toStartWith("FLV\x01\x05");
    const socket = stage.dial().get("/live/show.flv", ...upgrade);
    expect(socket).toStartWith("HTTP/1.1 101 ");
    expect(socket.slice(socket.indexOf("\r\n\r\n") + 4)).toStartWith("\x82\x0dFLV\x01\x05");
  });

  test("gets one track alone if it asks for that", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    expect(watch(stage, "/live/show.flv?audio=0").news()).toEqual(["200", "FLV 1", "V0", "k1", "k1+1"]);
    const sound = watch(stage, "/live/show.flv?video=0");
    expect(sound.news()).toEqual(["200", "FLV 4", "A0"]);
  });

  test("of audio alone gets a header that announces no video", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().audioHeader("A0").audio("a1");
    const viewer = watch(stage);
    expect(viewer.news()).toEqual(["200", "FLV 4", "A0"]);
    feed.wait(40).audio("a2");
    expect(viewer.news()).toEqual(["a2"]);
  });

  test("is refused if no track is left, or the codec can't be carried", () => {
    const stage = new HttpLiveStage();
    stage.publish().audioHeader("A0").videoHeader("V0").key("k1");
    expect(brief(stage.dial().get("/live/show.ts?audio=0&video=0"))).toEqual([
      "406",
      "audio=0 and video=0 leave nothing of the stream\n",
    ]);
    expect(brief(stage.dial().get("/live/show.mp3"))).toEqual(["406", "the sound is AAC, not MP3\n"]);
    expect([...stage.refusals.totals]).toEqual([["media", 2]]);
    expect(stage.events).toEqual([]);
  });

  test.each([
    ["ts", [0x12], [0xb2], "MPEG-TS here carries H.264, HEVC, AAC and MP3, not Sorenson H.263"],
    ["ts?video=0", [0x12], [0xb2], "MPEG-TS here carries H.264, HEVC, AAC and MP3, not Speex"],
    ["ts", [0x14], [0x2f], "MPEG-TS here carries H.264, HEVC, AAC and MP3, not VP6"],
    ["aac", [0x12], [0x62], "the sound is Nellymoser, not AAC"],
    ["mp3", [0x12], [0x62], "the sound is Nellymoser, not MP3"],
    ["flv", [0x12], [0x91, 0x61, 0x63, 0x2d, 0x33], "FLV has no number for AC-3"],
  ])("of .%s is refused by the first frames where a codec has no header", (ending, video, audio, reason) => {
    const stage = new HttpLiveStage();
    const bytes = (head: readonly number[]) => Uint8Array.of(...head, 1, 2, 3, 4);
    stage.publish().send(PacketKind.Video, bytes(video)).send(PacketKind.Audio, bytes(audio));
    const [status, body] = brief(stage.dial().get(`/live/show.${ending}`));
    expect([status, body]).toEqual(["406", expect.stringContaining(reason)]);
    expect(stage.stream?.viewers).toBe(0);
  });

  test("gets codecs without a header if the format carries them", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().send(PacketKind.Audio, Uint8Array.of(0x2f, 1, 2));
    const end = stage.dial();
    end.get("/live/show.mp3");
    feed.wait(40).send(PacketKind.Audio, Uint8Array.of(0x2f, 3, 4));
    expect(end.hear()).toContain("HTTP/1.1 200");
  });

  test("that wants audio is refused when none comes", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().videoHeader("V0").gop("k1", 1);
    const end = stage.dial();
    expect(end.get("/live/show.aac")).toBe("");
    feed.wait(4000).inter("p");
    expect(end.hear()).toBe("");
    feed.wait(2000).inter("p");
    expect(brief(end.hear())).toEqual(["406", "/live/show has nothing that can be sent as AAC\n"]);
    expect(stage.stream?.viewers).toBe(0);
  });

  test("gets the head alone at once if it asks for that", () => {
    const stage = new HttpLiveStage();
    stage.publish().headers().gop("k1", 1);
    const head = stage.dial().say(request("/live/show.flv").replace("GET", "HEAD"));
    expect(brief(head, "content-type", "content-length")).toEqual(["200", "video/x-flv", "-", ""]);
    expect([stage.stream?.viewers, stage.events]).toEqual([0, []]);
  });
});

describe("A stream that has stopped", () => {
  test("ends its viewers' answers after its last packets", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    feed.wait(40).inter("last").end();
    expect([viewer.news(), viewer.end.state]).toEqual([["last", "end"], "closing"]);
    expect(stage.events.at(-1)).toBe("c1 ended play lost=0");
  });

  test("continues in the same answer if its vhost says wait", () => {
    const stage = new HttpLiveStage().configure({ http_remux: { enabled: true, on_unpublish: "wait" } });
    stage.publish().headers().gop("k1", 1).end();
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    feed.end();
    expect(viewer.news()).toEqual([]);
    stage.publish().headers("V1", "A1").gop("k2", 1);
    expect(viewer.news()).toEqual(["A1", "V1", "k2", "k2+1"]);
  });

  test("keeps its viewers while its publisher may come back, and new ones wait for it", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    feed.end("lost");
    const late = watch(stage);
    stage.clock.advance(10_000);
    expect([viewer.news(), late.news()]).toEqual([[], []]);
    stage.publish().headers("V1", "A1").gop("k2", 1);
    expect(viewer.news()).toContain("k2");
    expect(late.news()).toEqual(["200", "FLV 5", "A1", "V1", "k2", "k2+1"]);
  });

  test("is gone when its publisher has not come back", () => {
    const stage = new HttpLiveStage();
    const feed = stage.publish().headers().gop("k1", 1);
    const viewer = watch(stage);
    viewer.news();
    feed.end("lost");
    const late = stage.dial();
    late.get("/live/show.flv");
    stage.clock.advance(31_000);
    expect(viewer.news()).toEqual(["end"]);
    expect(brief(late.hear())).toEqual(["404", "nobody publishes /live/show\n"]);
  });
});
