import type { Stream } from "../../live/stream.ts";
import { streamLabel } from "../../live/streams.ts";
import type { Refused } from "./admission.ts";

/** Why a stream that somebody publishes takes no other publisher. */
export function busyRefusal({ key, source, sources }: Stream): Refused {
  const { length } = sources.standbys;
  const busy = `${streamLabel(key)} is already being published`;
  const reason = length > 0 ? `${busy}, and ${length} more stand by` : busy;
  // Who publishes is not for everybody who tries the name.
  const by = `${source?.info.remote} [${source?.info.id}]`;
  return { ok: false, kind: "busy", code: "NetStream.Publish.BadName", reason, by };
}

/** Why a player of a stream that is nowhere to be had is sent away. */
export function missingRefusal(reason: string): Refused {
  return { ok: false, kind: "missing", code: "NetStream.Play.StreamNotFound", reason };
}

/** No origin gives the stream for what the player has asked with. */
export function originRefusal(reason: string): Refused {
  return { ok: false, kind: "origin", code: "NetStream.Play.Failed", reason };
}
