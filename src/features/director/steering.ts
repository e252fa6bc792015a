/** The path at which HLS players ask periodically which node to use. */
export const STEERING_PATH = "/api/v1/director/steering";
/** How often HLS players ask, s. */
const TTL_S = 15;

/** A node's PATHWAY-ID in playlists, made of its URL: letters, digits, dots and dashes. */
export function pathwayOf(url: string): string {
  return url.replace(/^[a-z]+:\/\//, "").replace(/[^A-Za-z0-9.-]/g, "-");
}

/** A steering manifest (RFC 8216bis, 7.1): the best node first. */
export function steeringManifest(pathways: readonly string[]): object {
  return { VERSION: 1, TTL: TTL_S, "PATHWAY-PRIORITY": pathways };
}
