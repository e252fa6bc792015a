const ELEMENT = /^[ \t]*([^;, \t]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/i;

/**
 * Whether a client with this Accept-Encoding header gets gzip (RFC 9110, 12.5.3): if it accepts gzip and does not prefer the
 * plain body. Without the header the body is plain. Malformed elements are ignored.
 */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  let [gzip, identity, others] = [undefined, undefined, undefined] as (number | undefined)[];
  for (const element of header.split(",")) {
    const [, coding, weight = "1"] = ELEMENT.exec(element) ?? [];
    const quality = Number(weight);
    switch (coding?.toLowerCase()) {
      case "gzip":
      case "x-gzip":
        gzip = Math.max(gzip ?? 0, quality);
        break;
      case "identity":
        identity = quality;
        break;
      case "*":
        others = quality;
        break;
      default:
    }
  }
  const quality = gzip ?? others ?? 0;
  return quality > 0 && quality >= (identity ?? 0);
}
