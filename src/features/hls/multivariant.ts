import type { Pathways } from "../../live/ports/director.ts";
import type { StreamName } from "../../live/streams.ts";
import {
  type AudioRendition,
  type PlacedVariant,
  renderMultivariantPlaylist,
  type Variant,
  type VariantUri,
} from "../../media/hls/multivariant-playlist.ts";
import { type Choices, choicesOf } from "./choices.ts";
import type { GroupMember } from "./group.ts";
import type { QueryOf } from "./links.ts";
import { pathOf } from "./playlists.ts";

const encoder = new TextEncoder();

/** The multivariant playlist of these members, with links to this server and to those of other pathways. */
export function multivariantPlaylist(
  { app, stream }: StreamName,
  members: readonly GroupMember[],
  queryOf: QueryOf,
  pathways: Pathways | undefined,
): Uint8Array {
  const servers = [
    { pathway: pathways?.own, before: "", behind: "" },
    ...(pathways?.others.map(({ id, server }) => {
      return { pathway: id, before: `${server}/${pathOf(app)}/`, behind: `&${pathways.params}` };
    }) ?? []),
  ];
  const variants = members.map(({ suffix, hls }): PlacedVariant => {
    const choices = choicesOf(hls);
    const places = servers.map(({ pathway, before, behind }): VariantUri => {
      const uriOf = (part?: string) => `${before}${encodeURIComponent(stream)}.m3u8?${queryOf(suffix, part)}${behind}`;
      const uri = uriOf(choices?.video?.rendition?.id);
      const audio = choices && audioOf(choices, uriOf);
      return { uri, ...(pathway !== undefined && { pathway }), ...(audio && { audio }) };
    });
    return { ...(choices === undefined ? hls.playlists.variant : variantOf(hls.playlists.variant, choices)), places };
  });
  return encoder.encode(renderMultivariantPlaylist(variants, pathways?.steering));
}

/** The first track is the default. Without video, the variant's own playlist has track 0, which needs no URI then. */
function audioOf({ video, audio }: Choices, uriOf: (part?: string) => string): AudioRendition[] {
  return audio.map(({ hls, id, name, language }, at) => {
    const uri = video === undefined && id === "a0" ? undefined : uriOf(id);
    return { name, language, isDefault: at === 0, channels: hls.playlists.channels, uri };
  });
}

/** A variant with renditions: the bit rate of its video and its largest audio track, the codecs of all tracks (RFC 8216, 4.3.4.2). */
function variantOf(whole: Variant, { video, audio }: Choices): Variant {
  const parts = audio.map(({ hls }) => hls.playlists.variant);
  const main = video?.playlists.variant;
  const most = (key: "bandwidth" | "averageBandwidth") =>
    (main?.[key] ?? 0) + Math.max(...parts.map((part) => part[key]));
  const codecs = new Set([...(main?.codecs ?? []), ...parts.flatMap((part) => part.codecs)]);
  const independent = [...parts, ...(main === undefined ? [] : [main])].every((part) => part.independent);
  return {
    ...whole,
    bandwidth: most("bandwidth"),
    averageBandwidth: most("averageBandwidth"),
    codecs: [...codecs],
    independent,
  };
}
