import { describe, expect, test } from "bun:test";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import { codecName } from "../../../../src/media/codec.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { asTrack, trackMetadata } from "../../../support/audio-tracks.ts";
import { fromHex } from "../../../support/bytes.ts";
import { HlsCluster, type HlsServer } from "../../../support/hls-cluster.ts";
import { urisOf } from "../../../support/hls-stage.ts";
import { parseTracks } from "../../../support/mp4-parser.ts";
import { checkHistory } from "../../../support/playlists.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "../../../support/ts-media.ts";

const FRAME_MS = 200;
const { Audio, Video, Data } = PacketKind;

/** What an encoder sends. */
interface Track {
  readonly kind: PacketKind;
  /** Sent with its first frame. */
  readonly header?: Uint8Array;
  readonly frame: (count: number) => Uint8Array;
  /** Seconds from the encoder's beginning to the track's first frame. */
  readonly after?: number;
}

const picture: Track = {
  kind: Video,
  header: avcHeader().payload,
  frame: (count) => avcFrame(0, 0, count % 5 === 0, [unit(count % 5 === 0 ? 5 : 1, 60, count)]).payload,
};
const aac: Track = {
  kind: Audio,
  header: aacHeader.payload,
  frame: (count) => aacFrame(0, unit(0x21, 40, count)).payload,
};
/** MPEG-1 layer III, 44.1 kHz, without a header of its own. */
const mp3: Track = {
  kind: Audio,
  frame: () => Uint8Array.from([0x2f, ...fromHex("fffb9064"), ...new Uint8Array(413)]),
};
const late = (track: Track): Track => ({ ...track, after: 4 });
const german: Track = {
  kind: Audio,
  header: asTrack(1, aacHeader.payload),
  frame: (count) => asTrack(1, aacFrame(0, unit(0x21, 40, count)).payload),
};
const labels: Track = { kind: Data, header: trackMetadata({ 1: { name: "Deutsch" } }), frame: () => new Uint8Array(0) };

/** An origin that forwards to an edge, an edge that fetches, and one behind the latter. */
function clusterOf(hls_format: "ts" | "fmp4", parts = false): HlsCluster {
  const cluster = new HlsCluster(1, hlsFormats, { hls_format, parts });
  cluster.add("o", ["f:1935"], []);
  cluster.add("f", [], []);
  cluster.add("p", [], ["o:1935"]);
  cluster.add("pp", [], ["p:1935"]);
  return cluster;
}

/** Lets a new encoder send these tracks for so many seconds. */
function encode(cluster: HlsCluster, id: string, seconds: number, ...tracks: readonly Track[]): void {
  const feed = cluster.publish(id);
  for (let count = 0; count < (seconds * 1000) / FRAME_MS; count++) {
    for (const { kind, header, frame, after = 0 } of tracks) {
      const at = count - (after * 1000) / FRAME_MS;
      if (at === 0 && header !== undefined) feed.send(kind, header);
      if (at >= 0 && kind !== Data) feed.send(kind, frame(at));
    }
    feed.time += FRAME_MS;
    cluster.clock.advance(FRAME_MS);
  }
}

/** What a server tells of its source: its headers, and the beginnings of frames of kinds without one. */
function described({ node }: HlsServer): string[] {
  const { active } = node.stream().sources;
  const all = [...(active?.headers.list ?? []), ...(active?.frameHeads ?? [])];
  return all.map(({ kind, track, payload }) => (kind === Data ? "metadata" : `${codecName(kind, payload)} ${track}`));
}

describe.each(["ts", "fmp4", "parts"] as const)("an encoder that comes back with other tracks (%s)", (making) => {
  const [format, parts] = making === "parts" ? (["fmp4", true] as const) : ([making, false] as const);

  test.each<[string, readonly Track[], readonly Track[], readonly string[], number]>([
    ["sound is gone", [picture, aac], [picture], ["H.264 0"], 1],
    ["the picture is gone", [picture, aac], [aac], ["AAC 0"], 1],
    ["sound without a header is gone", [picture, mp3], [picture], ["H.264 0"], 1],
    ["the only track is another", [picture], [aac], ["AAC 0"], 1],
    ["sound comes late", [picture, aac], [picture, late(aac)], ["AAC 0", "H.264 0"], 2],
    ["a picture comes late", [picture, aac], [aac, late(picture)], ["AAC 0", "H.264 0"], 2],
    ["nothing is gone", [picture, aac], [picture, aac], ["AAC 0", "H.264 0"], 2],
    ["sound has come", [picture], [picture, aac], ["AAC 0", "H.264 0"], 2],
  ])("is described alike on all servers: %s", (_, before, after, tracks, inits) => {
    const cluster = clusterOf(format, parts);
    encode(cluster, "first", 10, ...before);
    cluster.clock.advance(1000);
    encode(cluster, "second", 6, ...after);
    const newcomer = cluster.add("q", [], ["p:1935"]);
    cluster.feed?.end("lost");
    encode(cluster, "third", 24, ...after);
    for (const server of cluster.servers) expect(described(server)).toEqual([...tracks]);
    const [origin, ...edges] = cluster.servers.map(({ playlists }) => playlists.at(-1) ?? "");
    for (const edge of edges) expect(edge).toBe(origin as string);
    expect(urisOf(origin ?? "").length).toBeGreaterThan(3);
    if (!parts) for (const { playlists } of cluster.servers) checkHistory(playlists);
    if (format === "ts") return;
    for (const { listed } of [...cluster.servers, newcomer])
      expect(parseTracks(listed.at(-1)?.init ?? new Uint8Array(0))).toHaveLength(inits);
  });
});

test("one of several audio tracks that is gone is forgotten on all servers, and so is what the metadata said", () => {
  const cluster = clusterOf("fmp4");
  encode(cluster, "first", 8, labels, picture, aac, german);
  for (const server of cluster.servers) expect(described(server)).toEqual(["metadata", "AAC 0", "AAC 1", "H.264 0"]);
  encode(cluster, "second", 8, picture, aac);
  for (const server of cluster.servers) expect(described(server)).toEqual(["AAC 0", "H.264 0"]);
});

test("the lowest track that is gone leaves edges that begin at another one's key frames", () => {
  const cluster = clusterOf("fmp4");
  // AVC of track 1, by Multitrack, OneTrack (Enhanced RTMP v2).
  const enhanced = (type: number, key: boolean) => fromHex(`${key ? "96" : "a6"} 0${type} 61766331 01 00000000`);
  const second: Track = { kind: Video, header: enhanced(0, true), frame: (count) => enhanced(1, count % 5 === 0) };
  encode(cluster, "first", 4, picture, second, aac);
  encode(cluster, "second", 4, second, aac);
  for (const { node } of cluster.servers) {
    const stream = node.stream();
    const kinds: string[] = [];
    stream.tap({
      send: ({ start }) => {
        for (const { kind, track } of start?.headers ?? []) kinds.push(`${kind} ${track}`);
        return true;
      },
    });
    expect(kinds).toEqual([`${Audio} 0`, `${Video} 1`]);
  }
});

test("codecs that an encoder has changed when it comes back are those that all servers tell", () => {
  const cluster = clusterOf("fmp4");
  // Sequence header and coded frames without composition time (Enhanced RTMP v2).
  const opus: Track = {
    kind: Audio,
    header: fromHex("90 4f707573 4f70757348656164 01 02 3801 80bb0000 0000 00"),
    frame: () => fromHex("91 4f707573 fc fffe"),
  };
  const hevc: Track = {
    kind: Video,
    header: fromHex("90 68766331 01"),
    frame: (count) => fromHex(`${count % 5 === 0 ? "93" : "a3"} 68766331 00`),
  };
  encode(cluster, "first", 4, picture, aac);
  encode(cluster, "second", 4, picture, opus);
  for (const server of cluster.servers) expect(described(server)).toEqual(["Opus 0", "H.264 0"]);
  encode(cluster, "third", 4, hevc, mp3);
  for (const server of cluster.servers) expect(described(server)).toEqual(["HEVC 0", "MP3 0"]);
});
