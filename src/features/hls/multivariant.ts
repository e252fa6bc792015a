import type { Pathways } from "../../live/ports/director.ts";
import type { StreamName } from "../../live/streams.ts";
import { renderMultivariantPlaylist, type VariantUri } from "../../media/hls/multivariant-playlist.ts";
import type { GroupMember } from "./group.ts";
import { pathOf } from "./playlists.ts";

const encoder = new TextEncoder();

/** The multivariant playlist of these members, here and at other servers; `queryOf` is what the link to one has behind the question mark. */
export function multivariantPlaylist(
  { app, stream }: StreamName,
  members: readonly GroupMember[],
  queryOf: (suffix: string) => string,
  pathways: Pathways | undefined,
): Uint8Array {
  const placesOf = (suffix: string): VariantUri[] => {
    const uri = `${encodeURIComponent(stream)}.m3u8?${queryOf(suffix)}`;
    if (pathways === undefined) return [{ uri }];
    const others = pathways.others.map(({ id, server }) => {
      return { uri: `${server}/${pathOf(app)}/${uri}&${pathways.params}`, pathway: id };
    });
    return [{ uri, pathway: pathways.own }, ...others];
  };
  const variants = members.map(({ suffix, hls }) => ({ ...hls.playlists.variant, places: placesOf(suffix) }));
  return encoder.encode(renderMultivariantPlaylist(variants, pathways?.steering));
}
