import type { Log } from "../base/log.ts";
import type { SourceInfo } from "../live/source.ts";
import { type StreamObserver, streamLabel } from "../live/streams.ts";

/** Logs which source of a stream went on for which, and why, in one line. */
export function logSwitches(log: Log): StreamObserver {
  return {
    published() {},
    unpublished() {},
    switched(stream, { from, to, why, inStep }) {
      const fields = {
        stream: streamLabel(stream.key),
        why,
        from: nameOf(from),
        to: nameOf(to),
        standbys: stream.sources.standbys.length,
        in_step: inStep,
      };
      if (why === "lost" || why === "stalled") log.warn("source switched", fields);
      else log.info("source switched", fields);
    },
  };
}

function nameOf({ id, remote }: SourceInfo): string {
  return `${remote} [${id}]`;
}
