/** The one variant of a stream, as far as it is known. RFC 8216, section 4.3.4.2. */
export interface Variant {
  /** The highest and the average bit rate of its segments, bits a second. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  /** RFC 6381: "avc1.64001f", "mp4a.40.2"; empty: unknown. */
  readonly codecs: readonly string[];
  /** Pixels. */
  readonly resolution: { readonly width: number; readonly height: number } | undefined;
  readonly frameRate: number | undefined;
}

/** A place of the variant's media playlist. */
export interface VariantUri {
  /** A URI reference, relative to this playlist's. */
  readonly uri: string;
  /** The server's name in steering manifests (PATHWAY-ID). */
  readonly pathway?: string;
}

/**
 * A multivariant (master) playlist with one variant as text, at one place or several: players go on at another when one fails. RFC
 * 8216, sections 4.3.4 and 4.3.4.2. `steering`: where players ask which place to use (RFC 8216bis, 4.4.6.6); the first one is used
 * until they know.
 */
export function renderMultivariantPlaylist(
  variant: Variant,
  places: readonly VariantUri[],
  independent: boolean,
  steering?: string,
): string {
  const { bandwidth, averageBandwidth, codecs, resolution, frameRate } = variant;
  const attributes = [`BANDWIDTH=${bandwidth}`, `AVERAGE-BANDWIDTH=${averageBandwidth}`];
  if (codecs.length > 0) attributes.push(`CODECS="${codecs.join(",")}"`);
  if (resolution !== undefined) attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
  if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
  const lines = ["#EXTM3U", "#EXT-X-VERSION:3"];
  if (independent) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  if (steering !== undefined)
    lines.push(`#EXT-X-CONTENT-STEERING:SERVER-URI="${steering}",PATHWAY-ID="${places[0]?.pathway ?? "."}"`);
  for (const { uri, pathway } of places) {
    const all = pathway === undefined ? attributes : [...attributes, `PATHWAY-ID="${pathway}"`];
    lines.push(`#EXT-X-STREAM-INF:${all.join(",")}`, uri);
  }
  return `${lines.join("\n")}\n`;
}
