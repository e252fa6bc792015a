import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { concat, fromHex } from "./bytes.ts";
import { type Box, type ParsedTrack, parseTracks } from "./mp4-parser.ts";
import { packetOf } from "./ts-media.ts";

/** Before the first packet, so that times of encoders' priming are none before 0. */
const OFFSET_MS = 1000;

/** Names in enhanced RTMP by those of MP4. */
const names: Readonly<Record<string, string>> = { hev1: "hvc1" };

/** A packet of an MP4 file in FFprobe's JSON. */
interface Shown {
  readonly stream_index: number;
  readonly pts_time: string;
  readonly dts_time: string;
  readonly flags: string;
  readonly pos: string;
  readonly size: string;
}

/** The headers and packets of an MP4 file that FFmpeg made, as an encoder of enhanced RTMP would send them, in order of time. */
export function mp4Clip(path: string, file: Uint8Array): { headers: Packet[]; packets: Packet[] } {
  const tracks = parseTracks(file);
  const entries = "packet=stream_index,pts_time,dts_time,flags,pos,size";
  const run = Bun.spawnSync(["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", path]);
  const shown = (JSON.parse(run.stdout.toString()) as { packets: Shown[] }).packets;
  const packets = shown.map(({ stream_index: at, pts_time: pts, dts_time: dts, flags, pos, size }) => {
    const data = file.subarray(Number(pos), Number(pos) + Number(size));
    const ms = (seconds: string) => OFFSET_MS + Math.round(Number(seconds) * 1000);
    return frame(tracks[at] as ParsedTrack, data, ms(dts), ms(pts) - ms(dts), flags.startsWith("K"));
  });
  return { headers: tracks.flatMap(header), packets: packets.sort((a, b) => a.time - b.time) };
}

function kindOf({ handler }: ParsedTrack): PacketKind {
  return handler === "vide" ? PacketKind.Video : PacketKind.Audio;
}

/** MP3 in MP4 is mp4a too, with another object type. */
function fourCc({ entry }: ParsedTrack): Uint8Array {
  const isMp3 = entry.type === "mp4a" && descriptor(entry, 5) === undefined;
  const name = isMp3 ? ".mp3" : (names[entry.type] ?? entry.type);
  return new TextEncoder().encode(name);
}

function header(track: ParsedTrack): Packet[] {
  const record = recordOf(track.entry);
  if (record === undefined) return [];
  return [packetOf(kindOf(track), 0, concat([Uint8Array.of(0x90), fourCc(track), record]))];
}

function frame(track: ParsedTrack, data: Uint8Array, time: number, composition: number, key: boolean): Packet {
  const kind = kindOf(track);
  if (kind === PacketKind.Audio) return packetOf(kind, time, concat([Uint8Array.of(0x91), fourCc(track), data]));
  const composed = ["avc1", "hvc1", "hev1"].includes(track.entry.type);
  const offset = composed ? Uint8Array.of(composition >> 16, composition >> 8, composition) : new Uint8Array(0);
  return packetOf(kind, time, concat([Uint8Array.of(key ? 0x91 : 0xa1), fourCc(track), offset, data]));
}

/** What SequenceStart has, by the box of the codec; undefined where there is none. */
function recordOf(entry: Box): Uint8Array | undefined {
  for (const { type, content } of entry.boxes) {
    if (type === "avcC" || type === "hvcC" || type === "av1C" || type === "vpcC") return content;
    if (type === "dfLa") return concat([fromHex("664c6143"), content.subarray(4)]);
    if (type === "dOps") return opusHead(content);
    if (type === "esds") return descriptor(entry, 5);
  }
  return undefined;
}

/** Big-endian fields to little-endian ones (RFC 7845, 5.1). */
function opusHead(dOps: Uint8Array): Uint8Array {
  const [, channels = 0, a = 0, b = 0, r0 = 0, r1 = 0, r2 = 0, r3 = 0, g0 = 0, g1 = 0, ...rest] = dOps;
  return concat([
    new TextEncoder().encode("OpusHead"),
    Uint8Array.of(1, channels, b, a, r3, r2, r1, r0, g1, g0, ...rest),
  ]);
}

/** The content of a descriptor of an esds, which is in those before it. */
function descriptor(entry: Box, wanted: number): Uint8Array | undefined {
  const esds = entry.boxes.find(({ type }) => type === "esds")?.content ?? new Uint8Array(0);
  for (let at = 4; at < esds.length; ) {
    const tag = esds[at++];
    let length = 0;
    for (let more = true; more; at++) {
      length = length * 128 + ((esds[at] ?? 0) & 127);
      more = (esds[at] ?? 0) >= 128;
    }
    if (tag === wanted) return esds.subarray(at, at + length);
    at += tag === 3 ? 3 : tag === 4 ? 13 : length;
  }
  return undefined;
}
