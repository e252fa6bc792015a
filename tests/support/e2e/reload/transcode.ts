import { chmodSync, existsSync, readFileSync } from "node:fs";
import { aacFrame, aacHeader } from "../payloads.ts";
import type { Stage } from "../stage.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer, sendGop } from "./server.ts";

/** A stand-in for FFmpeg that writes its commands, and its priority, to the file beside it, once it has input: its priority is set before. */
const STAND_IN = `#!/bin/sh
case "$*" in
*-version*) echo "ffmpeg version 6.1 stand-in"; exit ;;
*-encoders*) printf ' V....D %s x (codec h264)\\n' libx264 libopenh264 h264_nvenc h264_vaapi; echo ' A....D aac x'; exit ;;
*lavfi*) exit ;;
esac
head -c 1 >/dev/null
echo "$(nice) $0 $*" >>"$0.log"
case "$*" in *h264_nvenc*) exit 1 ;; esac
exec cat >/dev/null
`;

/** A server with an engine, whose FFmpeg is a stand-in. */
async function observe(
  stage: Stage,
  before: string,
  after: string,
  expected: RegExp,
  settings: readonly [string, string] = ["", ""],
): Promise<void> {
  const ffmpegs = ["one", "two"].map((name) => {
    const path = stage.write(name, STAND_IN);
    chmodSync(path, 0o755);
    return path;
  });
  stage.write("logo.png", "");
  const toml = (keys: string, table: string) => {
    const text = `[transcode]
${/^ffmpeg/m.test(table) ? "" : `ffmpeg = "${ffmpegs[0]}"`}
${table}
[vhost.__defaultVhost__.transcode.x]
${/^output/m.test(keys) ? "" : 'output = "[vhost]/[app]/[stream]_t"'}
${keys}`;
    return text.replaceAll("STAGE", stage.directory);
  };
  const commands = () =>
    ffmpegs.map((path) => (existsSync(`${path}.log`) ? readFileSync(`${path}.log`, "utf8") : "")).join("");
  const server = await ReloadServer.start(stage, toml(before, settings[0]));
  await publish(server, "show");
  if (/"(?:libx264|h264_\w+|aac)"/.test(before) && !/only_if|none\/\*/.test(before))
    await until("FFmpeg runs", () => commands() !== "");
  await server.reload(toml(after, settings[1]));
  await publish(server, "later");
  await until(
    `FFmpeg is run by ${expected}`,
    () => expected.test(commands()) || server.program.lines.some((line) => expected.test(line)),
  );
}

async function publish(server: ReloadServer, name: string): Promise<void> {
  const publisher = await server.publish(name);
  publisher.send(8, 0, aacHeader);
  publisher.send(8, 0, aacFrame(0));
  sendGop(publisher, 0, 3);
}

const VIDEO = 'vcodec = "libx264"\nacodec = "none"';
const AUDIO = 'vcodec = "none"\nacodec = "aac"';

/** By key: the engine's other keys, the key's new value, and what FFmpeg is then run by. */
const cases: Readonly<Record<string, readonly [keys: string, value: string, expected: RegExp]>> = {
  streams: [`streams = "none/*"\n${VIDEO}`, '"live/show"', /libx264/],
  vbitrate: [VIDEO, "700", /-b:v 700k/],
  vfps: [VIDEO, "12", /-r 12/],
  width: [VIDEO, "160", /scale=160:-2/],
  height: [VIDEO, "90", /scale=-2:90/],
  vthreads: [VIDEO, "3", /-threads 3/],
  vprofile: [VIDEO, '"main"', /-profile:v main/],
  vpreset: [VIDEO, '"fast"', /-preset fast/],
  vfilter: [VIDEO, '"yadif"', /-vf yadif/],
  filter_complex: [VIDEO, '"[0:v]null"', /-filter_complex \[0:v\]null/],
  vparams: [VIDEO, '"bf 1"', /-bf 1/],
  abitrate: [AUDIO, "70", /-b:a 70k/],
  asample_rate: [AUDIO, "22050", /-ar 22050/],
  achannels: [AUDIO, "1", /-ac 1/],
  aparams: [AUDIO, '"aac_coder fast"', /-aac_coder fast/],
  perfile: [AUDIO, '"threads 4"', /-threads 4/],
  ffmpeg: [AUDIO, '"STAGE/two"', /two -hide.*-c:a aac/],
  vcodec: ['acodec = "none"', '"libopenh264"', /-c:v libopenh264/],
  acodec: ['vcodec = "none"', '"aac"', /-c:a aac/],
  only_if_video: [`only_if_video = "hevc"\n${VIDEO}`, '"h264"', /-c:v libx264/],
  only_if_audio: [`only_if_audio = "mp3"\n${AUDIO}`, '"aac"', /-c:a aac/],
  hw_device: ['vcodec = "h264_vaapi"\nacodec = "none"', '"/dev/other"', /vaapi=va:\/dev\/other/],
  fallback: ['vcodec = "h264_nvenc"\nacodec = "none"\nfallback = "none"', '"libopenh264"', /-c:v libopenh264/],
};

const engineEffects = Object.entries(cases).map(([key, [keys, value, expected]]): [string, Effect] => [
  `vhost.NAME.transcode.NAME.${key}`,
  (stage) => {
    const others = keys.replaceAll(new RegExp(`^${key} = .*\\n?`, "gm"), "");
    return observe(stage, keys, `${others}\n${key} = ${value}`, expected);
  },
]);

/** The effects of the keys of engines. */
export const transcodeEffects: Readonly<Record<string, Effect>> = {
  ...Object.fromEntries(engineEffects),
  "vhost.NAME.transcode.NAME.inputs": (stage) => {
    const keys = `${VIDEO}\nfilter_complex = "[1:v]null"\n`;
    return observe(stage, `${keys}inputs = "a.png"`, `${keys}inputs = "b.png"`, /-i b\.png/);
  },
  "vhost.NAME.transcode.NAME.output": async (stage) => {
    const server = await ReloadServer.start(stage, engine("a"));
    await publish(server, "show");
    await server.reload(engine("b"));
    const player = await server.play("show_b");
    await publish(server, "more");
    await until("the result has its new name", () => player.packets.length > 0);
  },
  "transcode.ffmpeg": (stage) =>
    observe(stage, AUDIO, AUDIO, /two -hide.*-c:a aac/, ['ffmpeg = "STAGE/one"', 'ffmpeg = "STAGE/two"']),
  "transcode.nice": (stage) => observe(stage, AUDIO, AUDIO, /^7 /m, ["nice = 1", "nice = 7"]),
  // Whether it can be in effect depends on the machine.
  "transcode.max_cpu": (stage) =>
    observe(stage, AUDIO, AUDIO, /max_cpu of transcode is/, ["max_cpu = 0", "max_cpu = 400"]),
  "transcode.max_processes": async (stage) => {
    const settings = ["max_processes = 2", "max_processes = 1"] as const;
    await observe(stage, AUDIO, AUDIO, /transcode waits, max_processes FFmpegs run already/, settings);
  },
};

function engine(suffix: string): string {
  return `[vhost.__defaultVhost__.transcode.x]\noutput = "[vhost]/[app]/[stream]_${suffix}"\n`;
}
