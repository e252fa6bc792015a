import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { Client } from "../support/e2e/client.ts";
import { urisOf } from "../support/e2e/hls.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { mp4Clip } from "../support/mp4-clip.ts";
import { readMedia } from "../support/playlists.ts";

const test = testWith("tests/e2e/http-codecs.test.ts", "FFmpeg");

const TABLES = `[log]
level = "debug"
[http_server]
listen = "127.0.0.1:0"
[vhost.__defaultVhost__.hls]
enabled = true
hls_fragment = 1
hls_window = 20
`;

const KINDS = ["-show_entries", "packet=codec_type", "-of", "csv=p=0"];
const SECONDS = 5;
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const SOUND = ["-f", "lavfi", "-i", "sine=sample_rate=44100"];
const HEVC = ["-pix_fmt", "yuv420p", "-c:v", "libx265", "-preset", "ultrafast", "-bf", "2", "-x265-params"];
const X265 = "log-level=none:keyint=25:min-keyint=25:open-gop=0:bframes=2";
const X264 = [
  "-pix_fmt",
  "yuv420p",
  "-c:v",
  "libx264",
  "-preset",
  "ultrafast",
  "-bf",
  "2",
  "-g",
  "25",
  "-sc_threshold",
  "0",
];
const AAC = ["-c:a", "aac"];
const MP3 = ["-c:a", "libmp3lame"];

/** What FFmpeg makes a clip of, and the extension under which the sound alone is played. */
const CLIPS: Readonly<Record<string, { words: readonly string[]; video: boolean; sound?: "aac" | "mp3" }>> = {
  "HEVC and AAC": { words: [...PICTURE, ...SOUND, ...HEVC, X265, ...AAC], video: true, sound: "aac" },
  "HEVC and MP3": { words: [...PICTURE, ...SOUND, ...HEVC, X265, ...MP3], video: true, sound: "mp3" },
  "HEVC alone": { words: [...PICTURE, ...HEVC, X265], video: true },
  "H.264 and MP3": { words: [...PICTURE, ...SOUND, ...X264, ...MP3], video: true, sound: "mp3" },
  "MP3 alone": { words: [...SOUND, ...MP3], video: false, sound: "mp3" },
};

/** Runs FFmpeg or ffprobe beside other tests; what it says is a failure. */
async function run(program: string, ...words: readonly string[]): Promise<string> {
  const { stdout, stderr, exited } = Bun.spawn([program, "-v", "warning", ...words], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(stdout).text(), new Response(stderr).text(), exited]);
  expect({ words, err }).toEqual({ words, err: "" });
  return out;
}

/** The hash of each decoded picture. */
async function pictures(...input: readonly string[]): Promise<string[]> {
  const out = await run(
    "ffmpeg",
    ...input,
    "-map",
    "0:v",
    "-fps_mode",
    "passthrough",
    "-f",
    "framehash",
    "-hash",
    "md5",
    "-",
  );
  return hashes(out);
}

/** The hash of each packet of sound, without what MPEG-TS puts before those of AAC. */
async function sounds(isRaw: boolean, ...input: readonly string[]): Promise<string[]> {
  const filter = isRaw ? ["-bsf:a", "aac_adtstoasc"] : [];
  return hashes(
    await run("ffmpeg", ...input, "-map", "0:a", "-c", "copy", ...filter, "-f", "framehash", "-hash", "md5", "-"),
  );
}

function hashes(out: string): string[] {
  // stream, dts, pts, duration, size, hash; behind it side data of the container.
  return out.split("\n").flatMap((line) => (line.startsWith("#") ? [] : line.split(",").slice(5, 6)));
}

/** Decoding and presentation times of a kind of packets, ms. */
async function times(kind: "v" | "a", ...input: readonly string[]): Promise<[dts: number, pts: number][]> {
  const entries = ["-select_streams", kind, "-show_entries", "packet=dts_time,pts_time", "-of", "json"];
  const { packets } = JSON.parse(await run("ffprobe", ...entries, ...input)) as {
    packets: { dts_time: string; pts_time: string }[];
  };
  return packets.map(({ dts_time, pts_time }) => [Number(dts_time) * 1000, Number(pts_time) * 1000]);
}

/** The same of a packet of `mp4Clip`: pictures have a composition time behind their enhanced header. */
function timesOf({ kind, time, payload }: Packet): [dts: number, pts: number] {
  const [, , , , , a = 0, b = 0, c = 0] = payload;
  return [time, time + (kind === PacketKind.Video ? (a << 16) | (b << 8) | c : 0)];
}

/** Times behind the first one, in whole ms. */
function behindFirst(list: readonly (readonly [dts: number, pts: number])[]): [number, number][] {
  const [first] = list[0] ?? [0];
  return list.map(([dts, pts]) => [Math.round(dts - first), Math.round(pts - first)]);
}

test.concurrent.each(Object.entries(CLIPS))(
  "FFmpeg reads %s by HTTP without a warning, as published",
  async (_, made) => {
    await using stage = new Stage();
    const path = stage.path("clip.mp4");
    await run("ffmpeg", "-v", "error", ...made.words, "-t", String(SECONDS), path);
    const { headers, packets } = mp4Clip(path, readFileSync(path));
    const server = await startSrs(stage, "server", { more: TABLES });
    const base = `http://127.0.0.1:${await httpPort(server.program)}/live/`;
    const publisher = await Client.publish(stage, { port: server.port }, "show");
    const send = (list: typeof packets) => {
      for (const { kind, time, payload } of list) publisher.send(kind, time, payload);
    };
    // Sound that is played alone begins with what comes: the last second is sent when all are there.
    const rest = packets.slice(-Math.floor(packets.length / SECONDS));
    send([...headers, ...packets.slice(0, -rest.length)]);
    const live = Promise.all([
      run("ffprobe", ...KINDS, `${base}show.ts`),
      made.sound === undefined ? [] : sounds(made.sound === "aac", "-i", `${base}show.${made.sound}`),
    ]);
    live.catch(() => undefined);
    const viewers = made.sound === undefined ? 1 : 2;
    await until("all have connected", () => server.program.count(/ accepted /) === 1 + viewers);
    await until("all watch", () => {
      send(rest.splice(0, 1));
      return server.program.count(/play started/) === viewers;
    });
    send(rest);
    await publisher.stopPublish("show", 1);

    const [link = ""] = urisOf(await (await fetch(`${base}show.m3u8`)).text());
    const text = await until("the end", async () => {
      const playlist = await (await fetch(base + link)).text();
      return playlist.includes("#EXT-X-ENDLIST") ? playlist : undefined;
    });
    expect(readMedia(text).segments.length).toBeGreaterThanOrEqual(SECONDS - 1);

    const hls = ["-live_start_index", "0", "-i", `${base}show.m3u8`];
    const sent = (wanted: PacketKind) => packets.filter(({ kind }) => kind === wanted);
    if (made.video) {
      expect(await pictures(...hls)).toEqual(await pictures("-i", path));
      expect(behindFirst(await times("v", ...hls))).toEqual(behindFirst(sent(PacketKind.Video).map(timesOf)));
    }
    const [kinds, alone] = await live;
    expect(new Set(kinds.match(/\w+/g))).toEqual(
      new Set([...(made.video ? ["video"] : []), ...(made.sound ? ["audio"] : [])]),
    );
    if (made.sound !== undefined) {
      const all = await sounds(false, "-i", path);
      const heard = await sounds(made.sound === "aac", ...hls);
      // Sound before the first picture is in no segment, and who came late has the end.
      expect(heard.length).toBeGreaterThan(all.length * 0.9);
      expect(heard).toEqual(all.slice(-heard.length));
      expect(alone.length).toBeGreaterThan(0);
      expect(alone).toEqual(all.slice(-alone.length));
      const sentTimes = sent(PacketKind.Audio).slice(-heard.length).map(timesOf);
      // Frames of AAC share a time with those before them, which FFmpeg computes; the encoder's are rounded.
      const wanted = behindFirst(sentTimes);
      const apart = behindFirst(await times("a", ...hls)).map(([, pts], at) =>
        Math.abs(pts - (wanted[at]?.[1] ?? Number.NaN)),
      );
      expect(apart.length).toBe(wanted.length);
      expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    }
  },
);

/** What FFmpeg publishes of codecs that have no sequence header, and what can't be had of it, with the codec that is told. */
const HEADERLESS: Readonly<Record<string, { words: readonly string[]; refused: Readonly<Record<string, string>> }>> = {
  "Sorenson H.263 and Nellymoser": {
    words: ["-c:v", "flv", "-g", "25", "-c:a", "nellymoser", "-ar", "22050"],
    refused: {
      // Whichever comes first is told.
      ts: "H.264, HEVC, AAC and MP3, not",
      "ts?video=0": "Nellymoser",
      m3u8: "H.264, HEVC, AAC and MP3, not",
      aac: "Nellymoser",
      mp3: "Nellymoser",
    },
  },
  "H.264 and Speex": {
    words: [...X264, "-c:a", "libspeex", "-ar", "16000"],
    refused: { ts: "Speex", m3u8: "Speex", aac: "Speex", mp3: "Speex" },
  },
};

test.concurrent.each(Object.entries(HEADERLESS))(
  "%s are refused with the reason where the format can't carry them, and played as FLV",
  async (_, { words, refused }) => {
    await using stage = new Stage();
    const server = await startSrs(stage, "server", { more: TABLES });
    const base = `http://127.0.0.1:${await httpPort(server.program)}/live/`;
    const rtmp = `rtmp://127.0.0.1:${server.port}/live/show`;
    const input = ["-re", ...PICTURE, "-re", ...SOUND, "-ac", "1"];
    stage.start("encoder", ["ffmpeg", "-v", "error", ...input, ...words, "-t", "60", "-f", "flv", rtmp]);
    await until("the stream is live", () => server.program.count(/publish started/) === 1);
    const kinds = await run("ffprobe", "-read_intervals", "%+#20", ...KINDS, `${base}show.flv`);
    expect(new Set(kinds.match(/\w+/g))).toEqual(new Set(["video", "audio"]));
    const answers = await Promise.all(
      Object.keys(refused).map(async (ending) => {
        const answer = await fetch(`${base}show.${ending}`);
        return [ending, answer.status, answer.ok ? "" : await answer.text()];
      }),
    );
    const wanted = Object.entries(refused).map(([ending, codec]) => [ending, 406, expect.stringContaining(codec)]);
    expect(answers).toEqual(wanted);
  },
);
