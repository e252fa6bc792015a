import type { Refused } from "../../live/ports/entry.ts";
import type { LoggedRefusal } from "../../live/ports/http.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import type { HlsGroup } from "./group.ts";
import type { WaitResult } from "./list-waits.ts";

/** Refuses a segment, or a part of one. */
export const noSegment: Refused = {
  ok: false,
  rule: "segment",
  kind: "missing",
  reason: "there is no such segment any more",
};

/** Refuses a key. */
export const noKey: Refused = { ok: false, rule: "key", kind: "missing", reason: "there is no such key any more" };

/** Refuses a viewer that was sent away. */
export const kicked: Refused = {
  ok: false,
  rule: "session",
  kind: "denied",
  reason: "the operator has disconnected this viewer",
};

/** Refuses a variant's playlist. */
export const stoppedVariant: Refused = {
  ok: false,
  rule: "variant",
  kind: "gone",
  reason: "this variant has stopped; others may go on",
};

/** Refuses a rendition's playlist. */
export const stoppedPart: Refused = {
  ok: false,
  rule: "part",
  kind: "gone",
  reason: "this track has stopped; others may go on",
};

/** The answer where HLS is switched off, and no other route has anything at the address, such as a file. */
export function switchedOff({ app, stream }: Pick<StreamName, "app" | "stream">): LoggedRefusal {
  const refused: Refused = { ok: false, rule: "off", kind: "media", reason: "HLS is switched off here" };
  return { refused, about: { stream: `/${app}/${stream}` } };
}

function mediaRefusal(reason: string): Refused {
  return { ok: false, rule: "media", kind: "media", reason };
}

/** Why none of the group's members has a playlist. */
export function unlistedRefusal(group: HlsGroup, what: WaitResult): Refused {
  const { members } = group;
  const refusal = members.find(({ hls }) => hls.refusal !== undefined)?.hls.refusal;
  if (refusal !== undefined) return mediaRefusal(refusal);
  const label = streamLabel(group.key);
  if (what === "late" && members.every(({ hls }) => !hls.live))
    return { ok: false, rule: "missing", kind: "missing", reason: `nobody publishes ${label}` };
  const reason = `the first segment of ${label} is not whole yet; ask again`;
  return { ok: false, rule: "unavailable", kind: "unavailable", reason };
}
