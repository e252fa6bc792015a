import { describe, expect, test } from "bun:test";
import { beginEpoch } from "../../../../src/live/source/epoch.ts";
import { writeEpoch } from "../../../../src/live/source/epoch-text.ts";
import { expectAligned, Ladder, VARIANTS } from "../../../support/hls-ladder.ts";
import { HlsStage, type HlsStageOptions, urisOf } from "../../../support/hls-stage.ts";

const SHOW = { vhost: "__defaultVhost__", app: "live", stream: "show" };
const TOLD_EPOCH = beginEpoch("0123456789abcdef0123456789abcdef", Date.UTC(2026, 0, 1), 1000, 2000);

describe("a ladder that the stream's server tells", () => {
  /** A server that knows of no variants, and gets the steps of `show` from another. */
  function told(options: HlsStageOptions = {}) {
    const ladder = new Ladder({ ...options, config: { hls_variants: [], ...options.config } });
    const tell = (suffix: string, text = "show _hd _sd") => {
      const { source } = ladder.begin(suffix);
      source.receiveEpoch(writeEpoch({ epoch: TOLD_EPOCH, at: ladder.time, since: ladder.time }), false, text);
    };
    return { ladder, tell };
  }

  test("is listed with the base, and without it", () => {
    for (const published of [["", "_hd", "_sd"], VARIANTS]) {
      const { ladder, tell } = told();
      for (const suffix of published) tell(suffix);
      ladder.run(9);
      expect([...ladder.lists().keys()]).toEqual(published);
      expectAligned(ladder.lists().values(), 2);
    }
  });

  test("is listed for who waited for the stream alone, and its steps are wanted then", () => {
    const { ladder, tell } = told({ mayCome: true });
    const waiting = ladder.stage.get("/live/show.m3u8");
    expect(ladder.stage.live.streams.find({ ...SHOW, stream: "show_hd" })).toBeUndefined();
    tell("");
    ladder.run(0.5);
    expect(ladder.stage.live.streams.find({ ...SHOW, stream: "show_hd" })?.viewers).toBe(1);
    for (const suffix of VARIANTS) tell(suffix);
    ladder.run(6);
    expect(urisOf(waiting.text).map((uri) => /hls_variant=(\w*)/.exec(uri)?.[1])).toEqual(["", "_hd", "_sd"]);
  });

  test("is listed for who asked for its base, which is no stream", () => {
    const { ladder, tell } = told({ mayCome: true });
    const waiting = ladder.stage.get("/live/show.m3u8");
    ladder.stage.live.streams.find(SHOW)?.ladder.hear("show _hd _sd");
    ladder.run(0.5);
    for (const suffix of VARIANTS) tell(suffix);
    ladder.run(5);
    expect(urisOf(waiting.text).map((uri) => /hls_variant=(\w*)/.exec(uri)?.[1])).toEqual(VARIANTS);
    expect([...ladder.lists().keys()]).toEqual(VARIANTS);
  });

  test("is remembered while the publisher is away, and forgotten when its source comes back without", () => {
    const { ladder, tell } = told();
    for (const suffix of ["", ...VARIANTS]) tell(suffix);
    ladder.run(9);
    for (const suffix of ["", ...VARIANTS]) ladder.end(suffix);
    expect(ladder.lists().size).toBe(3);
    tell("", "");
    for (const suffix of VARIANTS) tell(suffix, "");
    ladder.run(9);
    expect(urisOf(ladder.first())).toHaveLength(1);
    expect(ladder.first()).not.toContain("hls_variant");
  });

  test("is known to the process that succeeds this one", () => {
    const { ladder, tell } = told();
    for (const suffix of ["", ...VARIANTS]) tell(suffix);
    ladder.run(9);
    const next = new HlsStage();
    const giving = ladder.stage.hls.carry.give(() => undefined);
    for (let piece = giving.next(); piece !== undefined; piece = giving.next()) next.hls.carry.take(piece);
    next.live.clock.advance(1);
    expect(urisOf(next.get("/live/show.m3u8").text).map((uri) => /hls_variant=(\w*)/.exec(uri)?.[1])).toEqual([
      "",
      "_hd",
      "_sd",
    ]);
  });

  test("shows no stream that is not told to be of it, too", () => {
    const { ladder, tell } = told();
    tell("");
    tell("_hd");
    ladder.begin("_sd");
    ladder.run(9);
    expect([...ladder.lists().keys()]).toEqual(["", "_hd"]);
    const link = urisOf(ladder.first())[1] ?? "";
    expect(ladder.stage.get(`/live/${link.replace("_hd", "_sd")}`).refusal?.kind).toBe("gone");
  });

  test("that the stream's name is no step of is ignored", () => {
    const { ladder, tell } = told();
    tell("", "other _hd _sd");
    for (const suffix of VARIANTS) tell(suffix, "other _hd _sd");
    ladder.run(9);
    expect(urisOf(ladder.first())).toHaveLength(1);
  });

  test("is waited for by the link of a step from another server", () => {
    const { ladder, tell } = told({ mayCome: true });
    const waiting = ladder.stage.get("/live/show.m3u8?hls_ctx=0123456789abcdef0123456789abcdef&hls_variant=_hd");
    tell("");
    ladder.run(1);
    for (const suffix of VARIANTS) tell(suffix);
    ladder.run(5);
    expect(urisOf(waiting.text)[0]).toStartWith("show_hd/");
  });
});
