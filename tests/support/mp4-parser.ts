import { ByteReader } from "../../src/bytes/reader.ts";

/** A box with the bytes of its content, and the boxes in it where it is known to have some. */
export interface Box {
  readonly type: string;
  /** Offset from the file's beginning. */
  readonly at: number;
  readonly content: Uint8Array;
  readonly boxes: readonly Box[];
}

/** A track by its moov. */
export interface ParsedTrack {
  readonly id: number;
  readonly handler: string;
  readonly timescale: number;
  readonly width: number;
  readonly height: number;
  /** The entry of stsd; its boxes are those behind its fields. */
  readonly entry: Box;
}

/** A sample, its times in ticks. */
export interface ParsedSample {
  readonly track: number;
  readonly dts: number;
  readonly duration: number;
  readonly offset: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** A moof with its mdat. */
export interface ParsedFragment {
  readonly sequence: number;
  readonly samples: readonly ParsedSample[];
}

const containers: ReadonlySet<string> = new Set([
  "moov",
  "trak",
  "mdia",
  "minf",
  "dinf",
  "stbl",
  "mvex",
  "moof",
  "traf",
]);
/** Bytes of fields before the boxes of an entry of stsd. */
const VISUAL_BYTES = 78;
const AUDIO_BYTES = 28;
/** Bytes before the boxes that follow in full boxes with boxes. */
const before: Readonly<Record<string, number>> = { stsd: 8, dref: 8 };
const audioEntries: ReadonlySet<string> = new Set(["mp4a", "Opus", "fLaC", "ac-3", "ec-3"]);
const videoEntries: ReadonlySet<string> = new Set(["avc1", "avc3", "hvc1", "hev1", "av01", "vp09"]);

/** The boxes of a file; throws when one is longer than what it is in. */
function parseBoxes(bytes: Uint8Array, from = 0): Box[] {
  const found: Box[] = [];
  const reader = new ByteReader(bytes, "boxes");
  while (reader.remaining > 0) {
    const at = from + reader.offset;
    const size = reader.u32();
    const type = reader.utf8(4);
    if (size < 8) throw new Error(`${type} has ${size} bytes`);
    const content = reader.bytes(size - 8);
    const head = containers.has(type) ? 0 : (before[type] ?? entryBytes(type));
    const boxes = head === undefined ? [] : parseBoxes(content.subarray(head), at + 8 + head);
    found.push({ type, at, content, boxes });
  }
  return found;
}

function entryBytes(type: string): number | undefined {
  if (videoEntries.has(type)) return VISUAL_BYTES;
  return audioEntries.has(type) ? AUDIO_BYTES : undefined;
}

/** The only box with this path below some; throws when there is none or another. */
function find(boxes: readonly Box[], path: string): Box {
  const [first = "", ...rest] = path.split("/");
  const found = boxes.filter(({ type }) => type === first);
  const [one] = found;
  if (one === undefined || found.length > 1) throw new Error(`${found.length} boxes ${first}`);
  return rest.length === 0 ? one : find(one.boxes, rest.join("/"));
}

/** The tracks of a moov. */
export function parseTracks(bytes: Uint8Array): ParsedTrack[] {
  const moov = find(parseBoxes(bytes), "moov");
  return moov.boxes
    .filter(({ type }) => type === "trak")
    .map(({ boxes }) => {
      const tkhd = new ByteReader(find(boxes, "tkhd").content);
      const wide = tkhd.u32() >>> 24 === 1;
      tkhd.skip(wide ? 16 : 8);
      const id = tkhd.u32();
      tkhd.skip(wide ? 64 : 60);
      const [width, height] = [tkhd.u32() / 65536, tkhd.u32() / 65536];
      const mdhd = new ByteReader(find(boxes, "mdia/mdhd").content);
      mdhd.skip(mdhd.u32() >>> 24 === 1 ? 16 : 8);
      const timescale = mdhd.u32();
      const hdlr = new ByteReader(find(boxes, "mdia/hdlr").content);
      hdlr.skip(8);
      const handler = hdlr.utf8(4);
      const [entry] = find(boxes, "mdia/minf/stbl/stsd").boxes;
      if (entry === undefined) throw new Error("an empty stsd");
      return { id, handler, timescale, width, height, entry };
    });
}

/** The fragments of a file; throws unless each moof is followed by an mdat whose bytes are all of its samples, once. */
export function parseFragments(bytes: Uint8Array): ParsedFragment[] {
  const boxes = parseBoxes(bytes).filter(({ type }) => type !== "ftyp" && type !== "moov");
  const found: ParsedFragment[] = [];
  for (let i = 0; i < boxes.length; i += 2) {
    const [moof, mdat] = [boxes[i], boxes[i + 1]];
    if (moof?.type !== "moof" || mdat?.type !== "mdat") throw new Error(`${moof?.type} and ${mdat?.type}`);
    const mfhd = new ByteReader(find(moof.boxes, "mfhd").content);
    mfhd.skip(4);
    const sequence = mfhd.u32();
    let at = mdat.at + 8;
    const samples: ParsedSample[] = [];
    for (const traf of moof.boxes.slice(1)) {
      const run = parseTraf(traf, bytes, moof.at, at);
      samples.push(...run);
      at += run.reduce((sum, { data }) => sum + data.length, 0);
    }
    if (at !== mdat.at + 8 + mdat.content.length) throw new Error("an mdat with bytes that no sample has");
    found.push({ sequence, samples });
  }
  return found;
}

function parseTraf(traf: Box, file: Uint8Array, base: number, expected: number): ParsedSample[] {
  if (traf.boxes.map(({ type }) => type).join() !== "tfhd,tfdt,trun") throw new Error("another traf");
  const tfhd = new ByteReader(find(traf.boxes, "tfhd").content);
  const tfhdFlags = tfhd.u32();
  if ((tfhdFlags & ~0x20) !== 0x020000) throw new Error(`tfhd flags ${tfhdFlags.toString(16)}`);
  const track = tfhd.u32();
  const defaultFlags = tfhdFlags & 0x20 ? tfhd.u32() : 0;
  const tfdt = new ByteReader(find(traf.boxes, "tfdt").content);
  if (tfdt.u32() !== 0x01000000) throw new Error("tfdt of another version");
  let dts = tfdt.u32() * 2 ** 32 + tfdt.u32();
  const trun = new ByteReader(find(traf.boxes, "trun").content);
  const flags = trun.u32();
  const count = trun.u32();
  let at = base + trun.u32();
  if (flags >>> 24 !== 1 || (flags & 0x301) !== 0x301 || at !== expected) throw new Error("another trun");
  const samples: ParsedSample[] = [];
  for (let i = 0; i < count; i++) {
    const duration = trun.u32();
    const size = trun.u32();
    const own = flags & 0x400 ? trun.u32() : defaultFlags;
    const offset = flags & 0x800 ? trun.u32() | 0 : 0;
    if (at + size > file.length) throw new Error("a sample behind the end");
    samples.push({ track, dts, duration, offset, flags: own, data: file.subarray(at, at + size) });
    at += size;
    dts += duration;
  }
  if (trun.remaining + tfhd.remaining + tfdt.remaining > 0) throw new Error("fields left over");
  return samples;
}
