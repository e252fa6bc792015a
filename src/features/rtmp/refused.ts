import type { Refused } from "../../live/ports/entry.ts";
import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";

/** The refusal of a publisher whose stream is published already. */
export function busyRefusal({ key, source, sources }: Stream): Refused {
  const { length } = sources.standbys;
  const busy = `${streamLabel(key)} is already being published`;
  const reason = length > 0 ? `${busy}, and ${length} more stand by` : busy;
  // For the log only: a client that tries the name must not see the publisher's address.
  const by = `${source?.info.remote} [${source?.info.id}]`;
  return { ok: false, rule: "busy", kind: "busy", reason, by };
}

/** The refusal of a player whose stream no origin has. */
export function missingRefusal(reason: string): Refused {
  return { ok: false, rule: "missing", kind: "missing", reason };
}

/** The refusal of a player whose demand the origins refuse. */
export function originRefusal(reason: string): Refused {
  return { ok: false, rule: "origin", kind: "denied", reason };
}

/** The refusal of a publisher that was admitted before. */
export function dismissedRefusal(reason: string): Refused {
  return { ok: false, rule: "dismissed", kind: "denied", reason };
}
