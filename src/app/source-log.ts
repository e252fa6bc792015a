import type { Log } from "../base/log.ts";
import type { Correction, CorrectionKind } from "../live/source/corrections.ts";
import type { SourceInfo } from "../live/source/source.ts";
import type { Stream } from "../live/stream.ts";
import { type StreamObserver, streamLabel } from "../live/streams.ts";
import type { RelayLogLimit } from "../relay/relay-log-limit.ts";

/** A clock that jumps this often deserves a warning. */
const MANY_JUMPS = 10;

const corrections: Readonly<Record<CorrectionKind, string>> = {
  jump: "clock jumped, bridged",
  held: "timestamps ran back, held at the newest",
  moved: "timestamps of headers or data are far from the media, moved there",
  wrap: "clock of 31 bits began again, continued",
  reordered: "video is stamped in presentation order, passed as sent",
};

/** Logs changes of streams' sources, with the reason, and corrections of timestamps. Many fetched streams that switch together share a line. */
export function logSources(log: Log, logLimit: RelayLogLimit): StreamObserver {
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
      const level = why === "lost" || why === "stalled" ? "warn" : "info";
      const message = "source switched";
      const server = { why, from: from.remote, to: to.remote };
      // An origin that dies switches all streams that are fetched from it.
      const shown = to.via !== "pull" || logLimit.take({ level, message, server, log });
      log[shown ? level : "debug"](message, fields);
    },
    headerless(stream, codec) {
      log.warn("video has key frames but no sequence header: most players show nothing", {
        stream: streamLabel(stream.key),
        source: activeOf(stream),
        codec,
      });
    },
    corrected(stream, correction) {
      const source = activeOf(stream);
      const fields = { stream: streamLabel(stream.key), source, ...fieldsOf(correction), see: "time_jitter" };
      // Other corrections are typical for a stream, and no news after the first.
      if (correction.kind !== "jump" && correction.count > 1) return;
      if (correction.kind === "jump" && correction.count >= MANY_JUMPS) log.warn(corrections.jump, fields);
      else log.info(corrections[correction.kind], fields);
    },
  };
}

function activeOf({ source }: Stream): string | undefined {
  return source === undefined ? undefined : nameOf(source.info);
}

function fieldsOf({ track, byMs, count }: Correction) {
  return { track, by_ms: Math.round(byMs), times: count };
}

function nameOf({ id, remote }: SourceInfo): string {
  return `${remote} [${id}]`;
}
