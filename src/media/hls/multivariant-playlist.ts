/** One variant of a stream, with what is known of it. RFC 8216, section 4.3.4.2. */
export interface Variant {
  /** The highest and the average bit rate of its segments, bits a second. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  /** RFC 6381: "avc1.64001f", "mp4a.40.2"; empty: unknown. */
  readonly codecs: readonly string[];
  /** Pixels. */
  readonly resolution: { readonly width: number; readonly height: number } | undefined;
  readonly frameRate: number | undefined;
  /** Whether all of its segments can be decoded without earlier ones. */
  readonly independent: boolean;
}

/** A place of the variant's media playlist. */
export interface VariantUri {
  /** A URI reference, relative to this playlist's. */
  readonly uri: string;
  /** The server's name in steering manifests (PATHWAY-ID). */
  readonly pathway?: string;
  /** The audio tracks to choose from; undefined where the variant's playlist alone has all audio. */
  readonly audio?: readonly AudioRendition[];
}

/** An audio track that goes with a variant. RFC 8216, section 4.3.4.1. */
export interface AudioRendition {
  /** For people; without quotation marks, and different from the other tracks' names. */
  readonly name: string;
  /** RFC 5646. */
  readonly language: string | undefined;
  readonly isDefault: boolean;
  /** Undefined: unknown. */
  readonly channels: number | undefined;
  /** URI reference of its media playlist; undefined for a track that is in the variant's playlist. */
  readonly uri: string | undefined;
}

/** A variant, and the places of its media playlist. */
export interface PlacedVariant extends Variant {
  readonly places: readonly VariantUri[];
}

/**
 * A multivariant (master) playlist as text, each variant at one place or several: players continue at another place when one fails.
 * RFC 8216, sections 4.3.4 and 4.3.4.2. `steering`: the URI at which players ask which place to use (RFC 8216bis, 4.4.6.6); until it
 * answers, they use the first one.
 */
export function renderMultivariantPlaylist(variants: readonly PlacedVariant[], steering?: string): string {
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${variants.some(hasAudio) ? 4 : 3}`];
  if (variants.every(({ independent }) => independent)) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  const pathway = variants[0]?.places[0]?.pathway ?? ".";
  if (steering !== undefined) lines.push(`#EXT-X-CONTENT-STEERING:SERVER-URI="${steering}",PATHWAY-ID="${pathway}"`);
  const groups = variants
    .flatMap(({ places }) => places.map(({ audio = [] }) => audio))
    .filter(({ length }) => length > 0);
  for (const [at, group] of groups.entries()) for (const audio of group) lines.push(mediaTag(audio, `audio${at}`));
  for (const variant of variants) pushVariant(lines, variant, groups);
  return `${lines.join("\n")}\n`;
}

function hasAudio({ places }: PlacedVariant): boolean {
  return places.some(({ audio = [] }) => audio.length > 0);
}

function mediaTag({ name, language, isDefault, channels, uri }: AudioRendition, group: string): string {
  const attributes = ["TYPE=AUDIO", `GROUP-ID="${group}"`, `NAME="${name}"`];
  if (language !== undefined) attributes.push(`LANGUAGE="${language}"`);
  attributes.push(`DEFAULT=${isDefault ? "YES" : "NO"}`, "AUTOSELECT=YES");
  if (channels !== undefined) attributes.push(`CHANNELS="${channels}"`);
  if (uri !== undefined) attributes.push(`URI="${uri.replaceAll('"', "%22")}"`);
  return `#EXT-X-MEDIA:${attributes.join(",")}`;
}

/** `groups`: the audio groups of all places, in order. */
function pushVariant(
  lines: string[],
  { places, ...variant }: PlacedVariant,
  groups: readonly (readonly AudioRendition[])[],
): void {
  const { bandwidth, averageBandwidth, codecs, resolution, frameRate } = variant;
  const attributes = [`BANDWIDTH=${bandwidth}`, `AVERAGE-BANDWIDTH=${averageBandwidth}`];
  if (codecs.length > 0) attributes.push(`CODECS="${codecs.join(",")}"`);
  if (resolution !== undefined) attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
  if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
  for (const { uri, pathway, audio } of places) {
    const all = pathway === undefined ? [...attributes] : [...attributes, `PATHWAY-ID="${pathway}"`];
    const group = audio === undefined ? -1 : groups.indexOf(audio);
    if (group >= 0) all.push(`AUDIO="audio${group}"`);
    lines.push(`#EXT-X-STREAM-INF:${all.join(",")}`, uri);
  }
}
