import { clip } from "../../../tests/support/e2e/clips.ts";
import { publishClip } from "../../../tests/support/e2e/ffmpeg.ts";
import type { Program } from "../../../tests/support/e2e/program.ts";
import { ReloadServer } from "../../../tests/support/e2e/reload/server.ts";
import type { Stage } from "../../../tests/support/e2e/stage.ts";

/** An engine's keys that encode the pictures, at almost no cost, and the sound. */
export const BOTH = 'vcodec = "libx264"\nvpreset = "ultrafast"\nvbitrate = 300\nacodec = "aac"\nabitrate = 64\n';
/** An engine's keys that encode the sound alone. */
export const SOUND = 'acodec = "aac"\nabitrate = 64\n';

/** Starts a server with engines of these keys, by name, which turn `live/show` into `out/NAME`. */
export function startEngines(
  stage: Stage,
  engines: Readonly<Record<string, string>>,
  tables = "",
): Promise<ReloadServer> {
  const texts = Object.entries(engines).map(([name, keys]) => {
    const ways = 'streams = "live/*"\noutput = "[vhost]/out/[engine]_[stream]"\n';
    return `[vhost.__defaultVhost__.transcode.${name}]\n${ways}${keys}`;
  });
  return ReloadServer.start(stage, ["[vhost.__defaultVhost__]", ...texts, tables].join("\n"));
}

/** Starts an FFmpeg that publishes a looped clip to `live/NAME` in real time. */
export function startSource(stage: Stage, server: ReloadServer, name = "show", label = "source"): Program {
  return publishClip(stage, clip({ seconds: 20 }), server.url(`live/${name}`), {
    input: ["-stream_loop", "-1"],
    name: label,
  });
}
