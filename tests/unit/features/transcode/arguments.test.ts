import { describe, expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { runCommand, trialCommand } from "../../../../src/features/transcode/arguments.ts";
import type { FfmpegFacts } from "../../../../src/features/transcode/ffmpeg-facts.ts";
import { encodedTrack } from "../../../../src/features/transcode/plan.ts";

function engine(keys: string) {
  const config = parseConfig(`[vhost.a.transcode.x]\noutput = "a/b/c"\n${keys}`, "test.toml");
  const found = config.vhost.get("a")?.transcode.get("x");
  if (found === undefined) throw new Error("no engine");
  return found;
}

/** What one track of an engine adds to the command, between its map and its place in the output. */
function track(kind: "video" | "audio", keys: string, options: { software?: boolean; facts?: FfmpegFacts } = {}) {
  const encoded = encodedTrack({ kind, engine: engine(keys) }, options.software ?? false);
  const command = runCommand({ ffmpeg: "ffmpeg", container: "flv", tracks: [encoded] }, [10_000], options.facts);
  return command
    .join(" ")
    .replace(/^.*-i pipe:0 /, "")
    .replace(/ -ss .*$/, "");
}

const SOURCE = "-force_key_frames source";

describe("an engine's keys, with SRS's meanings", () => {
  test.each([
    ['vcodec = "libx264"', `-map 0:v:0 -c:v libx264 -enc_time_base 1:1000 ${SOURCE}`],
    ['vcodec = "libx264"\nvbitrate = 1500', `-map 0:v:0 -c:v libx264 -b:v 1500k -enc_time_base 1:1000 ${SOURCE}`],
    ['vcodec = "libx264"\nvfps = 25', `-map 0:v:0 -c:v libx264 -r 25 ${SOURCE}`],
    [
      'vcodec = "libx264"\nvfps = 25\nwidth = 1280\nheight = 720',
      `-map 0:v:0 -c:v libx264 -r 25 -s 1280x720 -aspect 1280:720 ${SOURCE}`,
    ],
    ['vcodec = "libx264"\nvfps = 1\nheight = 360', `-map 0:v:0 -vf scale=-2:360 -c:v libx264 -r 1 ${SOURCE}`],
    [
      'vcodec = "libx264"\nvfps = 1\nvthreads = 2\nvprofile = "main"\nvpreset = "veryfast"',
      `-map 0:v:0 -c:v libx264 -r 1 -threads 2 -profile:v main -preset veryfast ${SOURCE}`,
    ],
    [
      'vcodec = "libx264"\nvfps = 1\nvfilter = "yadif"\nwidth = 640',
      `-map 0:v:0 -vf yadif,scale=640:-2 -c:v libx264 -r 1 ${SOURCE}`,
    ],
    [
      'vcodec = "libx264"\nvfps = 1\nvparams = ["tune zerolatency", "-bf=0", "g 50", "x264-params keyint=50:min-keyint=50"]',
      "-map 0:v:0 -c:v libx264 -r 1 -tune zerolatency -bf 0 -g 50 -x264-params keyint=50:min-keyint=50",
    ],
    [
      'vcodec = "libx264"\nvfps = 1\ninputs = ["logo.png"]\nfilter_complex = "[0:v][1:v]overlay=10:10"',
      `-i logo.png -filter_complex [0:v][1:v]overlay=10:10[video0] -map [video0] -c:v libx264 -r 1 ${SOURCE}`,
    ],
    ['vcodec = "flv"', `-map 0:v:0 -c:v flv ${SOURCE}`],
  ])("%s", (keys, expected) => {
    expect(track("video", keys)).toBe(expected);
  });

  test.each([
    ['acodec = "aac"', "-map 0:a:0 -c:a aac"],
    [
      'acodec = "aac"\nabitrate = 128\nasample_rate = 44100\nachannels = 2\naparams = ["af volume=0.5"]',
      "-map 0:a:0 -c:a aac -b:a 128k -ar 44100 -ac 2 -af volume=0.5",
    ],
  ])("%s", (keys, expected) => {
    expect(track("audio", keys)).toBe(expected);
  });
});

describe("hardware encoders", () => {
  test.each([
    ["h264_nvenc", `-map 0:v:0 -c:v h264_nvenc -s 640x360 -aspect 640:360 -preset p2 ${SOURCE} -forced-idr 1`],
    ["h264_qsv", `-map 0:v:0 -vf scale=640:360,format=nv12 -c:v h264_qsv -preset veryfast ${SOURCE} -forced_idr 1`],
    ["h264_vaapi", `-map 0:v:0 -vf scale=640:360,format=nv12,hwupload -c:v h264_vaapi ${SOURCE}`],
  ])("%s gets its own filters and its nearest preset", (name, expected) => {
    expect(track("video", `vcodec = "${name}"\nvpreset = "veryfast"\nwidth = 640\nheight = 360`)).toBe(expected);
  });

  test.each([
    ["h264_nvenc", "-profile:v baseline"],
    ["h264_qsv", "-profile:v baseline"],
    ["h264_vaapi", "-profile:v constrained_baseline"],
  ])("%s gets the baseline profile under its own name", (name, expected) => {
    expect(track("video", `vcodec = "${name}"\nvprofile = "baseline"`)).toContain(expected);
  });

  test.each([
    ["hevc_nvenc", `-map 0:v:0 -c:v hevc_nvenc -b:v 900k -preset p4 ${SOURCE} -forced-idr 1`],
    ["hevc_qsv", `-map 0:v:0 -vf format=nv12 -c:v hevc_qsv -b:v 900k -preset medium ${SOURCE} -forced_idr 1`],
    ["hevc_vaapi", `-map 0:v:0 -vf format=nv12,hwupload -c:v hevc_vaapi -b:v 900k ${SOURCE}`],
  ])("%s is named as its API's H.264 encoder is", (name, expected) => {
    expect(track("video", `vcodec = "${name}"\nvpreset = "medium"\nvbitrate = 900`)).toBe(expected);
  });

  test("h264_vaapi names its device before the input", () => {
    const encoded = encodedTrack(
      { kind: "video", engine: engine('vcodec = "h264_vaapi"\nhw_device = "/dev/dri/x"') },
      false,
    );
    const command = runCommand({ ffmpeg: "ffmpeg", container: "flv", tracks: [encoded] }, [10_000]).join(" ");
    expect(command).toContain("-init_hw_device vaapi=va:/dev/dri/x -filter_hw_device va -analyzeduration");
  });

  test("are replaced by software, with its own presets", () => {
    const keys = 'vcodec = "h264_nvenc"\nvpreset = "veryfast"\nvfps = 25';
    expect(track("video", keys, { software: true })).toBe(`-map 0:v:0 -c:v libx264 -r 25 -preset veryfast ${SOURCE}`);
    expect(track("video", `${keys}\nfallback = "libopenh264"`, { software: true })).toContain("-c:v libopenh264");
    expect(track("video", `${keys}\nfallback = "none"`, { software: true })).toContain("-c:v h264_nvenc");
  });
});

test("audio whose channels FFmpeg doesn't know has as many as its codec says, unless the engine sets them", () => {
  const command = (keys: string) => {
    const tracks = [encodedTrack({ kind: "audio", engine: engine(keys) }, false)];
    return runCommand({ ffmpeg: "ffmpeg", container: "flv", tracks, channels: 1 }, [10_000]).join(" ");
  };
  expect(command('acodec = "aac"')).toContain("-c:a aac -ac 1 ");
  expect(command('acodec = "aac"\nachannels = 2')).toContain("-c:a aac -ac 2 ");
});

test("an old FFmpeg, which can't put key frames where the source has them, is not told to", () => {
  const facts = { version: "4.3", encoders: new Map(), forcesSourceKeys: false };
  expect(track("video", 'vcodec = "libx264"\nvfps = 1', { facts })).toBe("-map 0:v:0 -c:v libx264 -r 1");
});

test("each track goes to a pipe of its own, from its own time on", () => {
  const both = engine('vcodec = "libx264"\nacodec = "aac"\nperfile = ["threads 2"]');
  const tracks = (["video", "audio"] as const).map((kind) => encodedTrack({ kind, engine: both }, false));
  const command = runCommand({ ffmpeg: "/opt/ffmpeg", container: "mp4", tracks }, [10_000, 12_345]).join(" ");
  expect(command).toStartWith(
    "/opt/ffmpeg -hide_banner -nostats -nostdin -loglevel warning -threads 2 -analyzeduration",
  );
  expect(command).toContain("-copyts -f mp4 -i pipe:0 -map 0:v:0");
  expect(command).toMatch(/-ss 10\.000 -output_ts_offset 10\.000 .* -f flv pipe:1 -map 0:a:0 /);
  expect(command).toMatch(/-ss 12\.345 -output_ts_offset 10\.000 .* -f flv pipe:3$/);
});

test("a trial encodes a picture and a tone, and writes nothing", () => {
  const tracks = [encodedTrack({ kind: "audio", engine: engine('acodec = "aac"') }, false)];
  const command = trialCommand({ ffmpeg: "ffmpeg", container: "flv", tracks }).join(" ");
  expect(command).toMatch(/-f lavfi -i color=.* -map 0:a:0 -c:a aac -t 0\.2 -y .* -f flv \/dev\/null$/);
});
