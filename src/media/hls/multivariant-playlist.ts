/** The one variant of a stream, as far as it is known. RFC 8216, section 4.3.4.2. */
export interface Variant {
  /** Where its media playlist is: a URI reference, relative to this playlist's. */
  readonly uri: string;
  /** The highest and the average bit rate of its segments, bits a second. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  /** RFC 6381: "avc1.64001f", "mp4a.40.2"; empty: unknown. */
  readonly codecs: readonly string[];
  /** Pixels. */
  readonly resolution: { readonly width: number; readonly height: number } | undefined;
  readonly frameRate: number | undefined;
}

/** A multivariant (master) playlist with one variant as text. RFC 8216, sections 4.3.4 and 4.3.4.2. */
export function renderMultivariantPlaylist(variant: Variant, independent: boolean): string {
  const { uri, bandwidth, averageBandwidth, codecs, resolution, frameRate } = variant;
  const attributes = [`BANDWIDTH=${bandwidth}`, `AVERAGE-BANDWIDTH=${averageBandwidth}`];
  if (codecs.length > 0) attributes.push(`CODECS="${codecs.join(",")}"`);
  if (resolution !== undefined) attributes.push(`RESOLUTION=${resolution.width}x${resolution.height}`);
  if (frameRate !== undefined) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
  const lines = ["#EXTM3U", "#EXT-X-VERSION:3"];
  if (independent) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  lines.push(`#EXT-X-STREAM-INF:${attributes.join(",")}`, uri);
  return `${lines.join("\n")}\n`;
}
