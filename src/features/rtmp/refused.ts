import type { Refused } from "../../live/ports/entry.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";

/** Why a stream that somebody publishes takes no other publisher. */
export function busyRefusal({ key, source, sources }: Stream): Refused {
  const { length } = sources.standbys;
  const busy = `${streamLabel(key)} is already being published`;
  const reason = length > 0 ? `${busy}, and ${length} more stand by` : busy;
  // Who publishes is not for everybody who tries the name.
  const by = `${source?.info.remote} [${source?.info.id}]`;
  return { ok: false, rule: "busy", kind: "busy", reason, by };
}

/** The refusal of a player whose stream no origin has. */
export function missingRefusal(reason: string): Refused {
  return { ok: false, rule: "missing", kind: "missing", reason };
}

/** No origin gives the stream for what the player has asked with. */
export function originRefusal(reason: string): Refused {
  return { ok: false, rule: "origin", kind: "denied", reason };
}

/** The stream takes a publisher no longer that it had let in. */
export function dismissedRefusal(reason: string): Refused {
  return { ok: false, rule: "dismissed", kind: "denied", reason };
}
