import { ProtocolError } from "../../base/errors.ts";
import { PacketKind } from "../packet.ts";
import { BoxReader } from "./box-reader.ts";

/** Maximum number of tracks: no stream has more. */
const MAX_TRACKS = 64;

/** Default values of samples (ISO 14496-12, 8.8.3). */
export interface SampleDefaults {
  /** Ticks. */
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  /** sample_flags. */
  readonly flags: number;
}

/** A track of an init segment, with what reading its fragments needs. */
export interface InitTrack {
  readonly id: number;
  /** Undefined for a track that is neither video nor audio. */
  readonly kind: PacketKind | undefined;
  /** Ticks in a second, at least 1. */
  readonly timescale: number;
  /** The type of its first sample entry: "avc1", "mp4a". */
  readonly entry: string;
  readonly defaults: SampleDefaults;
}

/** The tracks of an init segment by their ids. */
export type InitTracks = ReadonlyMap<number, InitTrack>;

const NO_DEFAULTS: SampleDefaults = { duration: 0, size: 0, flags: 0 };

/** Reads an init segment, or any file's moov (ISO 14496-12, 8.2.1). Throws ProtocolError when it has no track. */
export function readInitSegment(bytes: Uint8Array): InitTracks {
  const found: InitTrack[] = [];
  const defaults = new Map<number, SampleDefaults>();
  for (const file = new BoxReader(bytes); file.next(); ) {
    if (file.type !== "moov") continue;
    for (const moov = file.inside(); moov.next(); ) {
      if (moov.type === "trak") found.push(readTrak(moov.inside()));
      else if (moov.type === "mvex") readMvex(moov.inside(), defaults);
      if (found.length > MAX_TRACKS || defaults.size > MAX_TRACKS)
        throw new ProtocolError(`the init segment has more than ${MAX_TRACKS} tracks`);
    }
  }
  if (found.length === 0) throw new ProtocolError("the init segment has no track");
  return new Map(found.map((track) => [track.id, { ...track, defaults: defaults.get(track.id) ?? NO_DEFAULTS }]));
}

function readTrak(trak: BoxReader): InitTrack {
  let id = 0;
  let media = { kind: undefined as PacketKind | undefined, timescale: 0, entry: "" };
  while (trak.next()) {
    if (trak.type === "tkhd") id = readTkhd(trak);
    else if (trak.type === "mdia") media = readMdia(trak.inside());
  }
  if (id === 0 || media.timescale === 0)
    throw new ProtocolError("a track of the init segment has no id or no timescale");
  return { id, ...media, defaults: NO_DEFAULTS };
}

/** Reads tkhd, whose times have 64 bits in version 1 (8.3.2). */
function readTkhd(box: BoxReader): number {
  const fields = box.fields();
  fields.skip(fields.u32() >>> 24 === 1 ? 16 : 8); // creation_time, modification_time
  return fields.u32(); // track_ID
}

function readMdia(mdia: BoxReader) {
  let [kind, timescale, entry]: [PacketKind | undefined, number, string] = [undefined, 0, ""];
  while (mdia.next()) {
    if (mdia.type === "mdhd") timescale = readMdhd(mdia);
    else if (mdia.type === "hdlr") kind = readHdlr(mdia);
    else if (mdia.type === "minf") entry = readEntry(mdia.inside());
  }
  return { kind, timescale, entry };
}

/** Reads mdhd (8.4.2). */
function readMdhd(box: BoxReader): number {
  const fields = box.fields();
  fields.skip(fields.u32() >>> 24 === 1 ? 16 : 8); // creation_time, modification_time
  return fields.u32(); // timescale
}

/** Reads hdlr (8.4.3). */
function readHdlr(box: BoxReader): PacketKind | undefined {
  const fields = box.fields();
  fields.skip(4 + 4); // version and flags, pre_defined
  const handler = fields.utf8(4);
  return handler === "vide" ? PacketKind.Video : handler === "soun" ? PacketKind.Audio : undefined;
}

/** Type of the first entry of stsd (8.5.2). */
function readEntry(minf: BoxReader): string {
  while (minf.next()) {
    if (minf.type !== "stbl") continue;
    for (const stbl = minf.inside(); stbl.next(); ) {
      if (stbl.type !== "stsd") continue;
      const entries = stbl.inside(8); // version and flags, entry_count
      return entries.next() ? entries.type : "";
    }
  }
  return "";
}

/** Reads the trex of each track (8.8.3). */
function readMvex(mvex: BoxReader, defaults: Map<number, SampleDefaults>): void {
  while (mvex.next()) {
    if (mvex.type !== "trex") continue;
    const fields = mvex.fields();
    fields.skip(4); // version and flags
    const id = fields.u32(); // track_ID
    fields.skip(4); // default_sample_description_index
    defaults.set(id, { duration: fields.u32(), size: fields.u32(), flags: fields.u32() });
  }
}
