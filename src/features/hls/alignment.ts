import type { EpochReference } from "../../live/source/epoch-alignment.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName, Streams } from "../../live/streams.ts";

/**
 * The streams by which one is cut, so that all variants are cut at the same places: the first of its group that is published, and for a
 * source that begins, any other. `endings`: see `endingsOf`.
 */
export function referencesOf(
  streams: Streams,
  { vhost, app, stream }: StreamName,
  endings: readonly string[],
): ((fresh: boolean) => readonly EpochReference[]) | undefined {
  if (endings.length === 0) return undefined;
  const suffix = endings.find((ending) => stream.endsWith(ending) && stream !== ending) ?? "";
  const base = stream.slice(0, stream.length - suffix.length);
  const names = ["", ...endings].map((ending) => ({ vhost, app, stream: base + ending }));
  const own = names.findIndex((name) => name.stream === stream);
  return (fresh) => {
    const self = streams.find({ vhost, app, stream });
    const others = names.filter((_, at) => at < own || (fresh && at > own));
    return others.flatMap((name) => referenceTo(streams.find(name), self) ?? []);
  };
}

function referenceTo(other: Stream | undefined, self: Stream | undefined): EpochReference | undefined {
  if (other?.source === undefined || self?.source === undefined) return undefined;
  const [isMade, isOthers] = [self, other].map(({ source }) => source?.info.via === "transcode");
  // Its results have the source's times, which need not be the timestamps that the source comes with.
  return !isMade && isOthers ? undefined : { programme: other.epochs, isOrigin: Boolean(isMade && !isOthers) };
}
