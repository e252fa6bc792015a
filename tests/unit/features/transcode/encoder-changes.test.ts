import { expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { BOTH, TranscodeStage } from "../../../support/transcode-stage.ts";

/** Longer than a track waits for the other. */
const WAIT_MS = 4000;

test.each([
  ["sound", "V1", "v"],
  ["video", "A1", "a"],
])("a stream whose publisher comes back without %s is transcoded without, and so described", (_, header, kind) => {
  const stage = new TranscodeStage(BOTH);
  stage.watch();
  stage.publish().headers().key("k1").audio("a1").wait(40).inter("k1+1").wait(40).end("lost");
  stage.clock.advance(2000);
  const again = stage.publish();
  if (kind === "v") again.videoHeader(header).gop("k2", 20).gop("k3", 20);
  else {
    again.audioHeader(header);
    for (let at = 0; at < 40; at++) again.audio(`s${at}`).wait(40);
  }
  again.wait(WAIT_MS);
  expect(stage.ffmpegs.all.length).toBe(2);
  expect(stage.ffmpegs.running).toBe(1);
  expect(stage.ffmpegs.last.command.filter((word) => word.startsWith("0:"))).toEqual([`0:${kind}:0`]);
  const kinds = stage.out().sources.active?.headers.list.filter((packet) => packet.kind !== PacketKind.Data);
  expect(kinds?.map((packet) => packet.kind)).toEqual([kind === "v" ? PacketKind.Video : PacketKind.Audio]);
});
