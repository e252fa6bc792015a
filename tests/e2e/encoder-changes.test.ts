import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { publishClip, saidBy } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { parseTracks } from "../support/mp4-parser.ts";
import { mapsOf } from "../support/playlists.ts";

const test = testWith("tests/e2e/encoder-changes.test.ts", "FFmpeg");

const API = '[http_api]\nlisten = "127.0.0.1:0"';
const loop = ["-stream_loop", "-1"];

interface Kinds {
  readonly video: boolean;
  readonly audio: boolean;
}

/** An origin that forwards to an edge, and an edge that fetches from it; all with HLS and API. */
async function cluster(stage: Stage, hls: string, env: Readonly<Record<string, string>> = {}) {
  const pushed = await HlsEdge.start(stage, "pushed", { more: `${hls}\n${API}`, env });
  const vhost = `forward = "127.0.0.1:${pushed.rtmpPort}"`;
  const origin = await HlsEdge.start(stage, "origin", { vhost, more: `${hls}\n${API}`, env });
  const fetches = `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${origin.rtmpPort}"`;
  const fetching = await HlsEdge.start(stage, "fetching", { more: `${hls}\n${API}\n${fetches}`, env });
  return { origin, pushed, fetching, all: [origin, pushed, fetching] };
}

/** Publishes the clip of these kinds, over and over. */
function publish(stage: Stage, origin: HlsEdge, kinds: Kinds, name: string) {
  return publishClip(stage, clip({ seconds: 8, ...kinds }), origin.rtmp, { input: loop, name });
}

/** The codecs that a server's API tells of the stream. */
async function codecsOf({ program }: HlsEdge): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${await httpPort(program, "api")}/api/v1/streams`);
  const { streams } = (await answer.json()) as { streams: Record<"video" | "audio", { codec: string } | null>[] };
  return `${streams[0]?.video?.codec ?? "-"} ${streams[0]?.audio?.codec ?? "-"}`;
}

/** The tracks that the file header of the stream's FLV names: 4 is audio, 1 is video (FLV 10.1, E.2). */
async function flvFlags({ url }: HlsEdge): Promise<number | undefined> {
  const { body } = await fetch(url.replace(".m3u8", ".flv"));
  const reader = body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  await reader?.cancel();
  return value?.[4];
}

/** The tracks of the newest init segment; none before there is one. */
async function newestInit(edge: HlsEdge): Promise<string[]> {
  const map = mapsOf(await edge.media()).at(-1) ?? "";
  if (map === "") return [];
  return parseTracks((await edge.get(map)).bytes).map(({ handler }) => handler);
}

test.concurrent.each([
  ["sound", { video: true, audio: false }, "H264 -", "video", 1, ["vide"]],
  ["its picture", { video: false, audio: true }, "- AAC", "audio", 4, ["soun"]],
] as const)(
  "edges and targets forget %s of an encoder that comes back without",
  async (_, kinds, codecs, probed, flags, handlers) => {
    await using stage = new Stage();
    const { origin, all } = await cluster(stage, 'hls_format = "fmp4"');
    const first = publish(stage, origin, { video: true, audio: true }, "first");
    await origin.program.line(/publish started/);
    for (const server of all) {
      await server.mediaWhen("both tracks", async () => (await newestInit(server)).length === 2);
      expect(await codecsOf(server)).toBe("H264 AAC");
    }
    await first.kill();
    publish(stage, origin, kinds, "second");
    for (const server of all) {
      await until("the track is forgotten", async () => (await codecsOf(server)) === codecs);
      await server.mediaWhen(
        "the other track alone",
        async () => (await newestInit(server)).join() === handlers.join(),
      );
      expect(await flvFlags(server)).toBe(flags);
      const { out } = await saidBy("ffprobe", "-show_entries", "stream=codec_type", "-of", "csv=p=0", server.rtmp);
      expect(out.trim()).toBe(probed);
    }
    const texts = await until("the same playlist everywhere", async () => {
      const lists = await Promise.all(all.map((server) => server.media()));
      return lists.every((text) => text === lists[0]) && lists;
    });
    for (const uri of [...urisOf(texts[0] ?? ""), ...mapsOf(texts[0] ?? "")]) {
      const [bytes, ...others] = await Promise.all(all.map(async (server) => (await server.get(uri)).bytes));
      for (const other of others) expect(other).toEqual(bytes as Uint8Array);
    }
  },
);
