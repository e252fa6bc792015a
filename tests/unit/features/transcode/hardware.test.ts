import { expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { flvFile } from "../../../support/flv.ts";
import { payloads } from "../../../support/live.ts";
import { TranscodeStage } from "../../../support/transcode-stage.ts";

test("a hardware encoder whose device is lost is logged, and software replaces it at once", () => {
  const stage = new TranscodeStage('[main]\nvcodec = "h264_nvenc"\nvpreset = "fast"\nacodec = "aac"\n');
  stage.ffmpegs.onStart = (ffmpeg) => {
    if (!ffmpeg.command.includes("h264_nvenc")) return;
    ffmpeg.dumb = true;
    ffmpeg.events.errorLine("[h264_nvenc @ 0x55] Cannot load libcuda.so.1");
    ffmpeg.events.errorLine(
      "Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0",
    );
    // It has encoded sound when it finds that it can't encode the picture.
    ffmpeg.give(1, flvFile([{ kind: PacketKind.Audio, timestamp: 10_000, payload: payloads.audio("a1'") }]));
    ffmpeg.events.errorLine("[aac @ 0x56] 2 frames left in the queue on closing");
  };
  const viewer = stage.watch();
  const feed = stage.publish().headers().key("k1").audio("a1").wait(40);
  stage.ffmpegs.last.exit("it ended with code 1");
  feed.gop("k2", 5).audio("a2").wait(5000);
  expect(stage.ffmpegs.all.map(({ command }) => command[command.indexOf("-c:v") + 1])).toEqual([
    "h264_nvenc",
    "libx264",
  ]);
  expect(stage.ffmpegs.last.command.join(" ")).toContain("-preset fast");
  expect(viewer.log).toContain("k2'");
  const lines = stage.log.take();
  expect(lines.filter((line) => line.includes("software encodes instead")).length).toBe(1);
  expect(lines.find((line) => line.includes("software encodes instead"))).toContain(
    "error=it ended with code 1: [h264_nvenc] Cannot load libcuda.so.1",
  );
});

test("engines with other devices have FFmpegs of their own", () => {
  const engine = (name: string, device: string) =>
    `[${name}]\nvcodec = "h264_vaapi"\nacodec = "none"\nhw_device = "${device}"\noutput = "out/[app]/${name}"\n`;
  const stage = new TranscodeStage(engine("a", "/dev/dri/a") + engine("b", "/dev/dri/b") + engine("c", "/dev/dri/b"));
  stage.publish().headers().key("k1").audio("a1").wait(40);
  const devices = stage.ffmpegs.all.map(({ command }) => command.filter((word) => word.startsWith("vaapi=va:")));
  expect(devices).toEqual([["vaapi=va:/dev/dri/a"], ["vaapi=va:/dev/dri/b"]]);
});
