import type { StreamSegment } from "../../live/ports/segments.ts";
import type { HlsStream } from "./hls-stream.ts";
import { pathOf, withoutSlash } from "./playlists.ts";
import type { ListedSegment } from "./window.ts";

/** A segment in memory, as observers see it. */
export function segmentInMemory(stream: HlsStream, segment: ListedSegment): StreamSegment {
  const { app, stream: name } = stream.name;
  const playlistUrl = `${pathOf(app)}/${encodeURIComponent(name)}.m3u8`;
  const path = `${pathOf(app)}/${encodeURIComponent(name)}/${segment.name}`;
  return { ...common(stream, segment), files: undefined, url: withPrefix(stream, path), playlistUrl };
}

/** A segment with a file, as observers see it; the paths are below `root`. */
export function segmentInFile(
  stream: HlsStream,
  segment: ListedSegment,
  root: string,
  paths: { readonly segment: string; readonly playlist: string },
): StreamSegment {
  return {
    ...common(stream, segment),
    files: { segment: `${root}/${paths.segment}`, playlist: `${root}/${paths.playlist}` },
    url: withPrefix(stream, pathOf(paths.segment)),
    playlistUrl: pathOf(paths.playlist),
  };
}

function common({ name }: HlsStream, { number, durationMs }: ListedSegment) {
  return { stream: name, number, durationMs };
}

function withPrefix({ config }: HlsStream, path: string): string {
  const prefix = config?.hls_entry_prefix ?? "";
  return prefix === "" ? path : `${withoutSlash(prefix)}/${path}`;
}
