import { ProtocolError } from "../../base/errors.ts";
import { BoxReader } from "./box-reader.ts";
import { TfhdFlag, TrunFlag } from "./fragment-flags.ts";
import type { InitTrack, InitTracks, SampleDefaults } from "./init-reader.ts";
import { SampleFlag } from "./sample-flags.ts";

/** Maximum number of samples in a segment: a few bytes of a run may announce billions. */
const MAX_SAMPLES = 200_000;

/** Receives the samples of a segment: one track fragment after another, each in decoding order. */
export interface SampleSink {
  /** `dts` is in the track's ticks; `bytes` are a view of the segment. `key`: it can be decoded without earlier ones. */
  sample(track: InitTrack, dts: number, bytes: Uint8Array, key: boolean): void;
}

/** The values that a track fragment's runs start from. */
interface TrackFragment {
  readonly track: InitTrack;
  readonly defaults: SampleDefaults;
  /** Where offsets of data count from. */
  readonly base: number;
}

/**
 * Reads the samples of a segment, or of a part of one (ISO 14496-12, 8.8). Throws ProtocolError for broken bytes, and for bytes
 * without a moof.
 */
export function readFragments(bytes: Uint8Array, tracks: InitTracks, sink: SampleSink): void {
  const reader = new FragmentReader(bytes, tracks, sink);
  let fragments = 0;
  for (const file = new BoxReader(bytes); file.next(); ) {
    if (file.type !== "moof") continue;
    reader.moof(file);
    fragments++;
  }
  if (fragments === 0) throw new ProtocolError("the segment has no fragment (moof)");
}

class FragmentReader {
  readonly #bytes: Uint8Array;
  readonly #tracks: InitTracks;
  readonly #sink: SampleSink;
  #samples = 0;
  /** Decode time of the track fragment's next sample, -1 before its tfdt, and where that sample's data begins. */
  #dts = -1;
  #dataAt = 0;

  constructor(bytes: Uint8Array, tracks: InitTracks, sink: SampleSink) {
    this.#bytes = bytes;
    this.#tracks = tracks;
    this.#sink = sink;
  }

  moof(box: BoxReader): void {
    // Without a base of its own, a track fragment's data counts from the moof, or from the end of the data before (8.8.7.1).
    this.#dataAt = box.at;
    for (const moof = box.inside(); moof.next(); ) if (moof.type === "traf") this.#traf(moof.inside(), box.at);
  }

  #traf(traf: BoxReader, moofAt: number): void {
    let fragment: TrackFragment | undefined;
    this.#dts = -1;
    while (traf.next()) {
      if (traf.type === "tfhd") {
        fragment = this.#tfhd(traf, moofAt);
        this.#dataAt = fragment.base;
      } else if (traf.type === "tfdt") {
        const fields = traf.fields();
        const isLarge = fields.u32() >>> 24 === 1;
        this.#dts = isLarge ? fields.u32() * 2 ** 32 + fields.u32() : fields.u32(); // baseMediaDecodeTime
      } else if (traf.type === "trun") {
        if (fragment === undefined) throw new ProtocolError("a run of samples (trun) has no track before it (tfhd)");
        if (this.#dts < 0) throw new ProtocolError("a run of samples (trun) has no time before it (tfdt)");
        this.#trun(traf, fragment);
      }
    }
  }

  #tfhd(box: BoxReader, moofAt: number): TrackFragment {
    const fields = box.fields();
    const flags = fields.u32();
    const id = fields.u32(); // track_ID
    const track = this.#tracks.get(id);
    if (track === undefined)
      throw new ProtocolError(`a fragment is of track ${id}, which the init segment does not have`);
    const has = (flag: number): boolean => (flags & flag) !== 0;
    let base = has(TfhdFlag.DefaultBaseIsMoof) ? moofAt : this.#dataAt;
    if (has(TfhdFlag.BaseDataOffset)) base = fields.u32() * 2 ** 32 + fields.u32();
    if (has(TfhdFlag.SampleDescriptionIndex)) fields.skip(4);
    const duration = has(TfhdFlag.DefaultSampleDuration) ? fields.u32() : track.defaults.duration;
    const size = has(TfhdFlag.DefaultSampleSize) ? fields.u32() : track.defaults.size;
    const sampleFlags = has(TfhdFlag.DefaultSampleFlags) ? fields.u32() : track.defaults.flags;
    return { track, base, defaults: { duration, size, flags: sampleFlags } };
  }

  #trun(box: BoxReader, { track, defaults, base }: TrackFragment): void {
    const fields = box.fields();
    const flags = fields.u32();
    const count = fields.u32(); // sample_count
    this.#samples += count;
    if (this.#samples > MAX_SAMPLES) throw new ProtocolError(`the segment has more than ${MAX_SAMPLES} samples`);
    // Signed.
    if ((flags & TrunFlag.DataOffset) !== 0) this.#dataAt = base + (fields.u32() | 0);
    const firstFlags = (flags & TrunFlag.FirstSampleFlags) !== 0 ? fields.u32() : undefined;
    for (let i = 0; i < count; i++) {
      const duration = (flags & TrunFlag.Duration) !== 0 ? fields.u32() : defaults.duration;
      const size = (flags & TrunFlag.Size) !== 0 ? fields.u32() : defaults.size;
      const own = (flags & TrunFlag.Flags) !== 0 ? fields.u32() : defaults.flags;
      if ((flags & TrunFlag.CompositionOffset) !== 0) fields.skip(4);
      const end = this.#dataAt + size;
      if (this.#dataAt < 0 || end > this.#bytes.length) throw new ProtocolError("a sample lies outside of its segment");
      const isKey = (((i === 0 ? firstFlags : undefined) ?? own) & SampleFlag.NonSync) === 0;
      this.#sink.sample(track, this.#dts, this.#bytes.subarray(this.#dataAt, end), isKey);
      this.#dataAt = end;
      this.#dts += duration;
    }
  }
}
