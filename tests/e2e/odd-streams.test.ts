import { beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { concat } from "../support/bytes.ts";
import { Client } from "../support/e2e/client.ts";
import { urisOf } from "../support/e2e/hls.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { mp4Clip } from "../support/mp4-clip.ts";
import { readMedia } from "../support/playlists.ts";

const test = testWith("tests/e2e/odd-streams.test.ts", "FFmpeg");

const TABLES = `[log]
level = "debug"
[http_server]
listen = "127.0.0.1:0"
[vhost.__defaultVhost__.hls]
enabled = true
hls_fragment = 2
hls_window = 120
`;

/** Codec, frame type and composition time of an enhanced picture. */
const PICTURE_HEAD_BYTES = 8;
const CODED_FRAMES = 1;
const PICTURES_FROM_MS = 5000;
const HOUR_MS = 3_600_000;

const STEP_BACK = /DTS \d+ < \d+ out of order/;

interface Clip {
  readonly headers: readonly Packet[];
  readonly packets: readonly Packet[];
}

/** What an encoder sends: a message's kind, time and payload. */
type Sent = Pick<Packet, "kind" | "time" | "payload">;

let folder = "";
const clips = new Map<string, Clip>();

/** H.264 and AAC of so many seconds, `bf` pictures of reordering, a key frame each `gop` pictures. */
function clip(seconds: number, size = "160x90", gop = 10, rate = 10, bf = 0): Clip {
  const path = join(folder, `${seconds}-${size}-${gop}-${rate}-${bf}.mp4`);
  const known = clips.get(path);
  if (known !== undefined) return known;
  const video = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-bf", String(bf)];
  const made = Bun.spawnSync([
    ...["ffmpeg", "-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}`],
    ...["-f", "lavfi", "-i", "sine=sample_rate=44100", ...video, "-g", String(gop), "-sc_threshold", "0"],
    ...["-c:a", "aac", "-t", String(seconds), path],
  ]);
  if (made.exitCode !== 0) throw new Error(`FFmpeg made no clip:\n${made.stderr}`);
  const one = mp4Clip(path, readFileSync(path));
  clips.set(path, one);
  return one;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "odd-"));
});

function sentOf({ headers, packets }: Clip): Sent[] {
  const first = packets[0]?.time ?? 0;
  return [...headers.map(({ kind, payload }) => ({ kind, time: first, payload })), ...packets];
}

const later = (list: readonly Sent[], ms: number): Sent[] => list.map((one) => ({ ...one, time: one.time + ms }));
const isPicture = ({ kind, payload }: Sent): boolean =>
  kind === PacketKind.Video && ((payload[0] ?? 0) & 15) === CODED_FRAMES;

/** A NAL unit of filler data behind those of a picture. */
function filled(payload: Uint8Array, bytes: number): Uint8Array {
  const filler = new Uint8Array(4 + bytes).fill(0xff);
  new DataView(filler.buffer).setUint32(0, bytes);
  filler[4] = 12;
  filler[3 + bytes] = 0x80;
  return concat([payload, filler]);
}

/**
 * Streams that encoders should not send, and some do. FFmpeg complains in some ways (`mayWarn`) of times that step back: of what the encoder
 * sent, which FLV keeps, and of HLS's discontinuities. In HLS it knows those tracks only that are in the first segment; `last`: it gets the last.
 */
const STREAMS: Readonly<Record<string, { sent: () => Sent[]; mayWarn?: string; last?: boolean }>> = {
  "sound alone, and pictures after some seconds": {
    sent: () => {
      const isVideo = ({ kind }: Sent) => kind === PacketKind.Video;
      const all = sentOf(clip(8));
      const pictures = all.filter(isVideo).map((one) => (isPicture(one) ? one : { ...one, time: PICTURES_FROM_MS }));
      const late = pictures.filter(({ time }) => time >= PICTURES_FROM_MS);
      return [...all.filter((one) => !isVideo(one)), ...late].sort((one, other) => one.time - other.time);
    },
    last: true,
  },
  "pictures whose size changes": {
    sent: () => [...sentOf(clip(5)), ...later(sentOf(clip(5, "240x136")), 5000)],
    mayWarn: "hls",
  },
  "a minute without a key frame": { sent: () => sentOf(clip(62, "160x90", 9999, 5)) },
  "pictures of 8 MB": {
    sent: () =>
      sentOf(clip(5)).map((one, at) =>
        isPicture(one) && at > 2 && one.time % 2000 === 0
          ? { ...one, payload: filled(one.payload, 8 * 1024 * 1024) }
          : one,
      ),
  },
  "pictures and sounds that are empty": {
    sent: () =>
      sentOf(clip(5)).flatMap((one, at) => {
        if (at < 10 || at % 7 !== 0) return [one];
        const bytes = one.kind === PacketKind.Video ? PICTURE_HEAD_BYTES : 5;
        return [one, { ...one, payload: one.payload.slice(0, bytes) }, { ...one, payload: new Uint8Array(0) }];
      }),
  },
  "times that jump by an hour": {
    sent: () => [...sentOf(clip(5)), ...later(clip(5).packets, 5000 + HOUR_MS), ...later(clip(5).packets, 10_000)],
  },
  "pictures stamped by presentation times": {
    sent: () =>
      sentOf(clip(5, "160x90", 10, 10, 2)).map((one) => {
        if (!isPicture(one)) return one;
        const [a = 0, b = 0, c = 0] = one.payload.subarray(5, PICTURE_HEAD_BYTES);
        const payload = concat([one.payload.subarray(0, 5), new Uint8Array(3), one.payload.subarray(8)]);
        return { ...one, time: one.time + ((a << 16) | (b << 8) | c), payload };
      }),
    mayWarn: "flv",
  },
};

/** Has ffprobe find sound and pictures in a file or at an address; what it warns of is a failure. */
async function check(mayStepBack: boolean, ...input: readonly string[]): Promise<void> {
  const words = ["-v", "warning", "-show_entries", "packet=codec_type", "-of", "csv=p=0"];
  const { stdout, stderr } = Bun.spawn(["ffprobe", ...words, ...input], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(stdout).text(), new Response(stderr).text()]);
  const warnings = err.split("\n").filter((line) => line !== "" && !(mayStepBack && STEP_BACK.test(line)));
  const kinds = [...new Set(out.match(/\w+/g))].sort();
  expect({ input, warnings, kinds }).toEqual({ input, warnings: [], kinds: ["audio", "video"] });
}

describe("of odd streams, FFmpeg reads FLV, MPEG-TS and HLS without a warning:", () => {
  test.concurrent.each(Object.entries(STREAMS))("%s", async (_, { sent, mayWarn, last }) => {
    await using stage = new Stage();
    const server = await startSrs(stage, "server", { more: TABLES });
    const base = `http://127.0.0.1:${await httpPort(server.program)}/live/show`;
    const publisher = await Client.publish(stage, { port: server.port }, "show");
    const messages = sent();
    const send = (list: readonly Sent[]) => {
      for (const { kind, time, payload } of list) publisher.send(kind, time, payload);
    };
    // Headers, and what viewers begin with.
    send(messages.splice(0, 4));
    const live = ["flv", "ts"].map(async (ending) => {
      const answer = await fetch(`${base}.${ending}`);
      const path = stage.path(`live.${ending}`);
      await Bun.write(path, await answer.bytes());
      await check(mayWarn === ending, path);
    });
    for (const each of live) each.catch(() => undefined);
    await until("both watch", () => {
      send(messages.splice(0, 1));
      return server.program.count(/play started/) === 2;
    });
    send(messages);
    await publisher.stopPublish("show", 1);
    await Promise.all(live);

    const [link = ""] = urisOf(await (await fetch(`${base}.m3u8`)).text());
    const text = await until("the end", async () => {
      const playlist = await (await fetch(new URL(link, base))).text();
      return playlist.includes("#EXT-X-ENDLIST") ? playlist : undefined;
    });
    const { segments, targetDuration } = readMedia(text);
    expect(segments.length).toBeGreaterThan(0);
    for (const { duration } of segments) expect(Math.round(duration)).toBeLessThanOrEqual(targetDuration);
    const uri = new URL(urisOf(text).at(-1) ?? "", base).href;
    await check(mayWarn === "hls", ...(last ? [uri] : ["-live_start_index", "0", `${base}.m3u8`]));
  });
});
