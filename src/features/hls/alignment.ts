import type { EpochReference } from "../../live/source/epoch-alignment.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName, Streams } from "../../live/streams.ts";

/**
 * The streams whose epochs a stream follows, so that all variants are cut at the same places: those before it in its group, and for a
 * source that begins (`fresh`), those behind it, too. `endings`: see `endingsOf`.
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
  // A transcoded stream's timestamps are its source's times, which can differ from the timestamps of that source.
  return !isMade && isOthers ? undefined : { programme: other.epochs, isOrigin: Boolean(isMade && !isOthers) };
}
