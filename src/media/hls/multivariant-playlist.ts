/** One variant of a stream, as far as it is known. RFC 8216, section 4.3.4.2. */
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
}

/** A variant, and the places of its media playlist. */
export interface PlacedVariant extends Variant {
  readonly places: readonly VariantUri[];
}

/**
 * A multivariant (master) playlist as text, each variant at one place or several: players go on at another when one fails. RFC
 * 8216, sections 4.3.4 and 4.3.4.2. `steering`: where players ask which place to use (RFC 8216bis, 4.4.6.6); the first one is used
 * until they know.
 */
export function renderMultivariantPlaylist(variants: readonly PlacedVariant[], steering?: string): string {
  const lines = ["#EXTM3U", "#EXT-X-VERSION:3"];
  if (variants.every(({ independent }) => independent)) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  const pathway = variants[0]?.places[0]?.pathway ?? ".";
  if (steering !== undefined) lines.push(`#EXT-X-CONTENT-STEERING:SERVER-URI="${steering}",PATHWAY-ID="${pathway}"`);
  for (const variant of variants) pushVariant(lines, variant);
  return `${lines.join("\n")}\n`;
}

function pushVariant(lines: string[], { places, ...variant }: PlacedVariant): void {
  const { bandwidth, averageBandwidth, codecs, resolution, frameRate } = variant;
  const attributes = [`BANDWIDTH=${bandwidth}`, `AVERAGE-BANDWIDTH=${averageBandwidth}`];
  if (codecs.length > 0) attributes.push(`CODECS="${codecs.join(",")}"`);
  if (resolution !== undefined) attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
  if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
  for (const { uri, pathway } of places) {
    const all = pathway === undefined ? attributes : [...attributes, `PATHWAY-ID="${pathway}"`];
    lines.push(`#EXT-X-STREAM-INF:${all.join(",")}`, uri);
  }
}
