import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import type { Viewer } from "../../../support/live.ts";
import { BOTH, SOUND, TranscodeStage } from "../../../support/transcode-stage.ts";

/** Longer than a track waits for the other. */
const WAIT_MS = 4000;
const FRAME_MS = 24;

function stageWith(engine: string): TranscodeStage {
  const stage = new TranscodeStage(engine);
  stage.ffmpegs.onStart = (ffmpeg) => {
    ffmpeg.primingMs = FRAME_MS;
  };
  return stage;
}

/** The audio of a result, with its times. */
const soundOf = ({ got }: Viewer) =>
  got.flatMap(({ kind, name, time }) => (kind === PacketKind.Audio ? [`${name} ${time}`] : []));

describe("the sound of an FFmpeg that replaces another", () => {
  /** The result's audio; the first FFmpeg gives audio up to 72 ms, and the source's next GOP begins this long after that. */
  function afterGapOf(gapMs: number): string[] {
    const stage = stageWith(BOTH);
    const viewer = stage.watch();
    const feed = stage.publish().headers().key("k1");
    // With a viewer, FFmpeg gets each packet at once.
    stage.view();
    for (let at = 0; at < 3; at++) feed.audio(`a${at}`).wait(FRAME_MS);
    stage.ffmpegs.last.exit("it was ended by SIGKILL");
    feed.wait(gapMs).key("k2").audio("b0").wait(FRAME_MS).audio("b1");
    stage.clock.advance(WAIT_MS);
    expect(stage.ffmpegs.all.length).toBe(2);
    return soundOf(viewer);
  }

  test.each([12, 23, 24, 300])(
    "begins directly behind the last frame with its priming packet, after a gap of %i ms",
    (gapMs) => {
      const next = 72 + gapMs;
      const first = ["A' 0", "a0' 0", "a1' 24", "a2' 48"];
      expect(afterGapOf(gapMs)).toEqual([...first, "A' 72", "priming 72", `b0' ${next}`, `b1' ${next + FRAME_MS}`]);
    },
  );

  test.each([0, 1, 11])("has no priming packet, which would overlap, after a gap of %i ms", (gapMs) => {
    const next = 72 + gapMs;
    expect(afterGapOf(gapMs).slice(-3)).toEqual(["A' 72", `b0' ${next}`, `b1' ${next + FRAME_MS}`]);
  });

  test("has no priming packet where viewers have later pictures already", () => {
    const stage = stageWith(SOUND);
    const viewer = stage.watch();
    const feed = stage.publish().headers();
    const plays = (name: string, count: number) => {
      for (let at = 0; at < count; at++) feed.key(`k${name}${at}`).audio(`${name}${at}`).wait(40);
    };
    plays("a", 3);
    stage.ffmpegs.onStart = (ffmpeg) => {
      ffmpeg.dumb = true;
    };
    stage.ffmpegs.last.exit("it was ended by SIGKILL");
    plays("lost", 200);
    stage.ffmpegs.onStart = (ffmpeg) => {
      ffmpeg.primingMs = FRAME_MS;
    };
    stage.ffmpegs.last.exit("it was ended by SIGKILL");
    plays("b", 300);
    stage.clock.advance(WAIT_MS);
    expect(viewer.log).toContain("klost150");
    expect(viewer.log.at(-1)).toBe("b299'");
    expect(viewer.log).not.toContain("priming");
  });
});

describe("the sound of a stream's first FFmpeg", () => {
  test.each([
    ["has no priming packet before the first picture", 0, []],
    ["has its priming packet before its first frame if there is room", 40, ["priming 16"]],
  ])("%s", (_, soundAt, priming) => {
    const stage = stageWith(BOTH);
    const viewer = stage.watch();
    stage.publish().headers().key("k1").wait(soundAt).audio("a0").wait(FRAME_MS).audio("a1");
    stage.clock.advance(WAIT_MS);
    expect(soundOf(viewer).slice(1)).toEqual([...priming, `a0' ${soundAt}`, `a1' ${soundAt + FRAME_MS}`]);
  });
});
