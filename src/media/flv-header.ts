import { decodeAmf0 } from "../amf/amf0.ts";
import { AmfObject, type AmfValue } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { codecName } from "./codec.ts";
import { ClassicTag } from "./flv-classic.ts";
import type { FlvFormat } from "./flv-format.ts";
import { Content, FrameReader } from "./frame.ts";
import { type Packet, PacketFlag, PacketKind } from "./packet.ts";
import { PacketListCursor } from "./packet-cursor.ts";

/** An FLV file's header and the size of the tag before its first (FLV 10.1 E.2, E.3). */
export function flvHeader(audio: boolean, video: boolean): Uint8Array {
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, (audio ? 4 : 0) | (video ? 1 : 0), 0, 0, 0, 9, 0, 0, 0, 0);
}

/**
 * The file header of a stream in a format, by the headers that a reader begins with; it goes before the reader's first bytes. It names
 * the format's tracks that are certain to come: their sequence header is there, or metadata names a codec without one. mpegts.js shows
 * nothing until all tracks that are named here have come, and also takes tracks that are not named.
 */
export function flvFileHeader(format: FlvFormat, headers: readonly Packet[]): Uint8Array {
  return flvHeader(
    format.audio && isThere(format, headers, PacketKind.Audio),
    format.video && isThere(format, headers, PacketKind.Video),
  );
}

function isThere(format: FlvFormat, headers: readonly Packet[], kind: PacketKind): boolean {
  const own = sequenceHeaders(headers, kind);
  if (own.length > 0) return format.enhanced || own.some(isClassic);
  const metadata = headers.find(({ kind: k, flags }) => k === PacketKind.Data && (flags & PacketFlag.Config) !== 0);
  return metadata !== undefined && namesHeaderless(kind, metadata.payload);
}

function sequenceHeaders(headers: readonly Packet[], kind: PacketKind): Packet[] {
  return headers.filter((packet) => packet.kind === kind && (packet.flags & PacketFlag.SequenceHeader) !== 0);
}

function isClassic(packet: Packet): boolean {
  const cursor = new PacketListCursor([packet]);
  return cursor.next() && new ClassicTag().plan(cursor);
}

/** FLV's numbers of codecs without a sequence header (FLV 10.1 E.4.2.1, E.4.3.1). */
const headerless: Readonly<Record<number, ReadonlySet<number>>> = {
  [PacketKind.Audio]: new Set([1, 2, 3, 4, 5, 6, 7, 8, 11, 14]),
  [PacketKind.Video]: new Set([2, 3, 4, 5, 6]),
};

/** Whether metadata says that the stream has a track whose codec has no sequence header. */
function namesHeaderless(kind: PacketKind, metadata: Uint8Array): boolean {
  const values = amfValues(metadata).find((value) => value instanceof AmfObject);
  const codec = values?.number(kind === PacketKind.Audio ? "audiocodecid" : "videocodecid");
  return codec !== undefined && headerless[kind]?.has(codec) === true;
}

function amfValues(payload: Uint8Array): AmfValue[] {
  try {
    return decodeAmf0(payload);
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/**
 * Why a stream can't be sent in a format, in words, by its headers, or by a frame of a kind without one; undefined when it can be sent, or
 * when nothing is known yet. Tracks that the format leaves out are no reason.
 */
export function flvRefusal(format: FlvFormat, described: readonly Packet[]): string | undefined {
  if (format.enhanced) return undefined;
  const codec =
    (format.video && unsayable(described, PacketKind.Video)) ||
    (format.audio && unsayable(described, PacketKind.Audio));
  if (!codec) return undefined;
  return `FLV has no number for ${codec.name}: a player of enhanced FLV may ask with enhanced=1, others with ${codec.without}`;
}

/** The codec of track 0 if players without enhanced RTMP can't have it, and the query with which they ask without it. */
function unsayable(described: readonly Packet[], kind: PacketKind): { name: string; without: string } | undefined {
  const first = described.find((one) => one.kind === kind && one.track === 0 && (one.flags & PacketFlag.Config) === 0);
  if (first === undefined || isClassic(first)) return undefined;
  const body = new FrameReader();
  body.read(kind, first.payload);
  // A command, for example, which says nothing about later packets.
  if (body.content === Content.None) return undefined;
  const what = kind === PacketKind.Video ? "video" : "audio";
  return { name: codecName(kind, first.payload) || `the ${what}`, without: `${what}=0` };
}
