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

/** What an FFmpeg of a version finds wrong with engines; `fails` is what it says to a command. */
async function examine(engines: string, options: { version?: string; fails?: (command: string) => string } = {}) {
  const commands: string[] = [];
  const installed = new InstalledFfmpegs((command) => {
    const text = command.join(" ");
    commands.push(text);
    const error = options.fails?.(text) ?? "";
    const output = text.includes("-encoders")
      ? ENCODERS
      : `ffmpeg version ${options.version ?? "5.1.9-0+deb12u1"} Copyright`;
    return Promise.resolve({ ok: error === "", output, error });
  });
  const tables = engines.replaceAll(/^\[(\w+)\]\n/gm, '[vhost.a.transcode.$1]\noutput = "a/[app]/[engine]"\n');
  const { vhost, transcode } = parseConfig(tables, "test.toml");
  return { commands, ...(await examineEngines(vhost, transcode, installed)) };
}

test("engines that can run are tried once, and FFmpeg is asked once", async () => {
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

test("an FFmpeg that does not run is told with what to do", async () => {
  const { problems } = await examine('[x]\nffmpeg = "/no/ffmpeg"\nacodec = "aac"\n', { fails: () => "no such file" });
  expect(problems).toEqual([
    "vhost.a.transcode.x: cannot run /no/ffmpeg: no such file; install FFmpeg, or name it with ffmpeg",
  ]);
});

test("settings that FFmpeg refuses are told in its words", async () => {
  const fails = (command: string) =>
    command.includes("nosuch") ? "\n[AVFilterGraph @ 0x55d0] No such filter: 'nosuch'\nInvalid argument" : "";
  const { problems } = await examine('[x]\nvcodec = "libx264"\nvfilter = "nosuch"\n', { fails });
  expect(problems).toEqual([
    "vhost.a.transcode.x: FFmpeg refuses the video's settings: [AVFilterGraph] No such filter: 'nosuch'",
  ]);
});

test("a hardware encoder without its device is a warning when software runs in its place", async () => {
  const fails = (command: string) => (command.includes("h264_nvenc") ? "Cannot load libcuda.so.1" : "");
  expect(await examine('[x]\nvcodec = "h264_nvenc"\n', { fails })).toMatchObject({
    problems: [],
    warnings: ["vhost.a.transcode.x: h264_nvenc does not run here (Cannot load libcuda.so.1); libx264 encodes instead"],
  });
  const { problems } = await examine('[x]\nvcodec = "h264_nvenc"\nfallback = "none"\n', { fails });
  expect(problems.length).toBe(1);
});
