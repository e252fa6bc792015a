import { UserError } from "../../base/errors.ts";
import { nearest } from "../../base/suggest.ts";
import { codecName } from "../../media/codec.ts";
import { PacketKind } from "../../media/packet.ts";

/** FFmpeg's name of each codec, by this server's (`codecName`), and the container in which FFmpeg gets the codec. */
const byName: Readonly<Record<string, Omit<TrackCodec, "label">>> = {
  "H.264": { name: "h264", container: "any" },
  "Sorenson H.263": { name: "flv1", container: "flv" },
  VP6: { name: "vp6f", container: "flv" },
  "VP6 with alpha": { name: "vp6a", container: "flv" },
  "Screen Video": { name: "flashsv", container: "flv" },
  "Screen Video 2": { name: "flashsv2", container: "flv" },
  HEVC: { name: "hevc", container: "mp4" },
  AV1: { name: "av1", container: "mp4" },
  VP9: { name: "vp9", container: "mp4" },
  VP8: { name: "vp8", container: "none" },
  VVC: { name: "vvc", container: "none" },
  AAC: { name: "aac", container: "any" },
  MP3: { name: "mp3", container: "any" },
  PCM: { name: "pcm", container: "flv" },
  ADPCM: { name: "adpcm_swf", container: "flv" },
  Nellymoser: { name: "nellymoser", container: "flv" },
  "G.711 A-law": { name: "pcm_alaw", container: "flv" },
  "G.711 mu-law": { name: "pcm_mulaw", container: "flv" },
  // FFmpeg 5.1's decoder has no channel layout, which FFmpeg's AAC encoder refuses; in FLV it is mono (FLV 10.1 E.4.2.1).
  Speex: { name: "speex", container: "flv", channels: 1 },
  Opus: { name: "opus", container: "mp4" },
  FLAC: { name: "flac", container: "mp4" },
  "AC-3": { name: "ac3", container: "mp4" },
  "E-AC-3": { name: "eac3", container: "mp4" },
};

const known: ReadonlySet<string> = new Set(Object.values(byName).map(({ name }) => name));

/** The input container that carries a codec; `none`: FFmpeg can't get the codec. */
type Container = "flv" | "mp4" | "any" | "none";

/** A codec of one of a stream's tracks. */
export interface TrackCodec {
  /** FFmpeg's name. */
  readonly name: string;
  /** The name for people. */
  readonly label: string;
  readonly container: Container;
  /** The number of channels for encoders; undefined if FFmpeg knows it. */
  readonly channels?: number;
}

/** The codec of an audio or video payload; undefined if it names none. */
export function trackCodec(kind: PacketKind, payload: Uint8Array): TrackCodec | undefined {
  const label = kind === PacketKind.Data ? "" : codecName(kind, payload);
  if (label === "") return undefined;
  return { label, ...(byName[label] ?? { name: label.toLowerCase(), container: "none" }) };
}

/** The container that carries all codecs of an input, or the reason why there is none. */
export function containerOf(codecs: readonly TrackCodec[]): "flv" | "mp4" | { readonly refusal: string } {
  const none = codecs.find(({ container }) => container === "none");
  if (none !== undefined) return { refusal: `${none.label} cannot be given to FFmpeg` };
  if (codecs.every(({ container }) => container !== "mp4")) return "flv";
  if (codecs.every(({ container }) => container !== "flv")) return "mp4";
  return { refusal: `no container has ${codecs.map(({ label }) => label).join(" and ")}` };
}

/** Other names of codecs that people write. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ["h265", "hevc"],
  ["avc", "h264"],
]);

/** Reads FFmpeg's name of a codec. Throws UserError. */
export function parseCodec(text: string): string {
  const lower = text.toLowerCase();
  const name = otherNames.get(lower) ?? lower;
  if (known.has(name)) return name;
  const meant = nearest(name, [...known]);
  throw new UserError(
    meant === undefined ? `no codec that streams have: ${[...known].join(", ")}` : `did you mean "${meant}"?`,
  );
}
