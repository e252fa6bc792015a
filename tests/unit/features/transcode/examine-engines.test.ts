import { expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { examineEngines, InstalledFfmpegs } from "../../../../src/features/transcode/examine-engines.ts";

const ENCODERS = `Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264 / AVC / MPEG-4 AVC (codec h264)
 V....D libx265              libx265 H.265 / HEVC (codec hevc)
 V....D h264_nvenc           NVIDIA NVENC H.264 encoder (codec h264)
 A....D aac                  AAC (Advanced Audio Coding)
 A....D libopus              libopus Opus (codec opus)
`;

interface Examined {
  readonly version?: string;
  /** What it says to a command that it refuses. */
  readonly fails?: (command: string) => string;
  /** What it says beside its work. */
  readonly says?: string;
}

/** What an FFmpeg of a version finds wrong with engines. */
async function examine(engines: string, options: Examined = {}) {
  const commands: string[] = [];
  const installed = new InstalledFfmpegs((command) => {
    const text = command.join(" ");
    commands.push(text);
    const error = options.fails?.(text) ?? "";
    const output = text.includes("-encoders")
      ? ENCODERS
      : `ffmpeg version ${options.version ?? "5.1.9-0+deb12u1"} Copyright`;
    return Promise.resolve({ ok: error === "", output, error: error || (options.says ?? "") });
  });
  const tables = engines.replaceAll(/^\[(\w+)\]\n/gm, '[vhost.a.transcode.$1]\noutput = "a/[app]/[engine]"\n');
  const { vhost, transcode } = parseConfig(tables, "test.toml");
  return { commands, ...(await examineEngines(vhost, transcode, installed)) };
}

test("engines that can run are tried once, and each FFmpeg is examined once", async () => {
  const found = await examine('[x]\nvcodec = "libx264"\nacodec = "aac"\n[y]\nvcodec = "libx264"\n');
  expect(found).toMatchObject({ problems: [], warnings: [] });
  expect(found.commands.filter((command) => / -(?:version|encoders)$/.test(command)).length).toBe(2);
  expect(found.commands.filter((command) => command.includes("lavfi")).length).toBe(3);
});

test("engines that only copy need no FFmpeg", async () => {
  expect((await examine('[x]\nacodec = "none"\n')).commands).toEqual([]);
});

test.each([
  ['vcodec = "libx24"', 'vcodec: FFmpeg 5.1.9-0+deb12u1 has no encoder "libx24"; did you mean "libx264"?'],
  ['vcodec = "h265"', 'vcodec: FFmpeg 5.1.9-0+deb12u1 has no encoder "h265"; its encoders of hevc are libx265'],
  [
    'vcodec = "h264"',
    'vcodec: FFmpeg 5.1.9-0+deb12u1 has no encoder "h264"; its encoders of h264 are libx264, h264_nvenc',
  ],
  ['acodec = "what"', 'acodec: FFmpeg 5.1.9-0+deb12u1 has no encoder "what"; "ffmpeg -encoders" lists what it has'],
  ['vcodec = "aac"', 'vcodec: "aac" is an encoder of audio'],
  ['vcodec = "libx265"', "vcodec: FFmpeg 5.1.9-0+deb12u1 can't write hevc into FLV; FFmpeg 6.1 can"],
  ['acodec = "libopus"', "acodec: FFmpeg 5.1.9-0+deb12u1 can't write opus into FLV; FFmpeg 8 can"],
])("%s is refused", async (keys, problem) => {
  expect((await examine(`[x]\n${keys}\n`)).problems).toEqual([`vhost.a.transcode.x: ${problem}`]);
});

test.each(["6.1.1", "n7.0", "N-116734-g12345", "2024-01-01-git-abc"])(
  "FFmpeg %s writes HEVC into FLV",
  async (version) => {
    expect((await examine('[x]\nvcodec = "libx265"\n', { version })).problems).toEqual([]);
  },
);

test("an FFmpeg that does not run is reported with what to do", async () => {
  const { problems } = await examine('[x]\nffmpeg = "/no/ffmpeg"\nacodec = "aac"\n', { fails: () => "no such file" });
  expect(problems).toEqual([
    "vhost.a.transcode.x: can't run /no/ffmpeg: no such file; install FFmpeg, or write its path as ffmpeg",
  ]);
});

test("settings that FFmpeg refuses are reported with its message", async () => {
  const fails = (command: string) =>
    command.includes("nosuch") ? "\n[AVFilterGraph @ 0x55d0] No such filter: 'nosuch'\nInvalid argument" : "";
  const { problems } = await examine('[x]\nvcodec = "libx264"\nvfilter = "nosuch"\n', { fails });
  expect(problems).toEqual([
    "vhost.a.transcode.x: FFmpeg refuses the video's settings: [AVFilterGraph] No such filter: 'nosuch'; \"ffmpeg -filters\" lists what it has",
  ]);
});

test("an option that FFmpeg does not know is reported with the command that lists them, and an ignored one is a warning", async () => {
  const unknown = await examine('[x]\nvcodec = "libx264"\nvparams = "nosuch 3"\n', {
    fails: (command) => (command.includes("nosuch") ? "Unrecognized option 'nosuch'.\nError splitting" : ""),
  });
  expect(unknown.problems).toEqual([
    `vhost.a.transcode.x: FFmpeg refuses the video's settings: Unrecognized option 'nosuch'.; "ffmpeg -h encoder=libx264" lists what it takes`,
  ]);
  const ignored = await examine('[x]\nvcodec = "libx264"\nvparams = "x264-params nosuch=3"\n', {
    says: "[libx264 @ 0x55] Error parsing option 'nosuch = 3'.",
  });
  expect(ignored).toMatchObject({
    problems: [],
    warnings: ["vhost.a.transcode.x: FFmpeg ignores an option: [libx264] Error parsing option 'nosuch = 3'."],
  });
});

test("a hardware encoder without its device is a warning when software runs in its place", async () => {
  const fails = (command: string) => (command.includes("h264_nvenc") ? "Cannot load libcuda.so.1" : "");
  expect(await examine('[x]\nvcodec = "h264_nvenc"\n', { fails })).toMatchObject({
    problems: [],
    warnings: ["vhost.a.transcode.x: h264_nvenc does not run here (Cannot load libcuda.so.1); libx264 encodes instead"],
  });
  const { problems } = await examine('[x]\nvcodec = "h264_nvenc"\nfallback = "none"\n', { fails });
  expect(problems).toEqual([
    "vhost.a.transcode.x: h264_nvenc does not run here (Cannot load libcuda.so.1), and no fallback is set",
  ]);
});
