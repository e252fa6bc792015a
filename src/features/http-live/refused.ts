import type { Refused } from "../../live/ports/entry.ts";
import type { Ending } from "./address.ts";

/** No server has the stream. */
export function missingRefusal(reason: string): Refused {
  return { ok: false, rule: "missing", kind: "missing", reason };
}

/** The origins refuse the stream for the viewer's parameters. */
export function originRefusal(reason: string): Refused {
  return { ok: false, rule: "origin", kind: "denied", reason };
}

/** The stream can't be sent as the viewer wants it. */
export function mediaRefusal(reason: string): Refused {
  return { ok: false, rule: "media", kind: "media", reason };
}

/** The request names no stream. */
export function nameRefusal(reason: string): Refused {
  return { ok: false, rule: "name", kind: "name", reason };
}

/** The vhost's streams are not played over HTTP. */
export function offRefusal(ending: Ending): Refused {
  return { ok: false, rule: "off", kind: "media", reason: `playing .${ending} over HTTP is switched off here` };
}
