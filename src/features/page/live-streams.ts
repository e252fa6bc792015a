import type { Stream } from "../../live/stream.ts";
import type { StreamName } from "../../live/streams.ts";

/** The names of a vhost's streams that have a publisher. `vhost` is its configured name. */
export function liveStreams(streams: Iterable<Pick<Stream, "key" | "source">>, vhost: string): StreamName[] {
  const names: StreamName[] = [];
  for (const { key, source } of streams) {
    if (source === undefined || !key.startsWith(`${vhost}/`)) continue;
    const slash = key.lastIndexOf("/");
    names.push({ vhost, app: key.slice(vhost.length + 1, slash), stream: key.slice(slash + 1) });
  }
  return names;
}
