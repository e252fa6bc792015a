import { describe, expect, test } from "bun:test";
import { beginEpoch } from "../../../../src/live/source/epoch.ts";
import { writeEpoch } from "../../../../src/live/source/epoch-text.ts";
import { expectAligned, Ladder, VARIANTS } from "../../../support/hls-ladder.ts";
import { HlsStage, type HlsStageOptions, urisOf } from "../../../support/hls-stage.ts";

const SHOW = { vhost: "__defaultVhost__", app: "live", stream: "show" };
const TOLD_EPOCH = beginEpoch("0123456789abcdef0123456789abcdef", Date.UTC(2026, 0, 1), 1000, 2000);

describe("a ladder received from the stream's server", () => {
  /** A server that knows of no variants, and gets the steps of `show` from another. */
  function told(options: HlsStageOptions = {}) {
    const ladder = new Ladder({ ...options, config: { hls_variants: [], ...options.config } });
    const tell = (suffix: string, text = "show _hd _sd") => {
      const { source } = ladder.begin(suffix);
      source.receiveEpoch(writeEpoch({ epoch: TOLD_EPOCH, at: ladder.time, since: ladder.time }), false, text);
    };
    return { ladder, tell };
  }

  test("is listed with the base stream, and without it", () => {
    for (const published of [["", "_hd", "_sd"], VARIANTS]) {
      const { ladder, tell } = told();
      for (const suffix of published) tell(suffix);
      ladder.run(9);
      expect([...ladder.lists().keys()]).toEqual(published);
      expectAligned(ladder.lists().values(), 2);
    }
  });

  test("is listed for a viewer that waited for the stream alone, and its variants are then wanted", () => {
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

  test("is listed for a viewer that requested its base, which is no stream", () => {
    const { ladder, tell } = told({ mayCome: true });
    const waiting = ladder.stage.get("/live/show.m3u8");
    ladder.stage.live.streams.find(SHOW)?.ladder.hear("show _hd _sd");
    ladder.run(0.5);
    for (const suffix of VARIANTS) tell(suffix);
    ladder.run(5);
    expect(urisOf(waiting.text).map((uri) => /hls_variant=(\w*)/.exec(uri)?.[1])).toEqual(VARIANTS);
    expect([...ladder.lists().keys()]).toEqual(VARIANTS);
  });

  test("is remembered while the publisher is away, and forgotten when its source comes back without a ladder", () => {
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

  test("is known to the new process of an upgrade", () => {
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

  test("does not list streams that are not reported to belong to it", () => {
    const { ladder, tell } = told();
    tell("");
    tell("_hd");
    ladder.begin("_sd");
    ladder.run(9);
    expect([...ladder.lists().keys()]).toEqual(["", "_hd"]);
    const link = urisOf(ladder.first())[1] ?? "";
    expect(ladder.stage.get(`/live/${link.replace("_hd", "_sd")}`).refusal?.kind).toBe("gone");
  });

  test("is ignored if the stream is not one of its variants", () => {
    const { ladder, tell } = told();
    tell("", "other _hd _sd");
    for (const suffix of VARIANTS) tell(suffix, "other _hd _sd");
    ladder.run(9);
    expect(urisOf(ladder.first())).toHaveLength(1);
  });

  test("is waited for by a variant's link from another server", () => {
    const { ladder, tell } = told({ mayCome: true });
    const waiting = ladder.stage.get("/live/show.m3u8?hls_ctx=0123456789abcdef0123456789abcdef&hls_variant=_hd");
    tell("");
    ladder.run(1);
    for (const suffix of VARIANTS) tell(suffix);
    ladder.run(5);
    expect(urisOf(waiting.text)[0]).toStartWith("show_hd/");
  });
});
