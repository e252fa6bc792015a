import type { ListPosition } from "./blocked-requests.ts";

/** Parameters of delivery directives (RFC 8216bis, 6.2.5). */
const Param = { Msn: "_HLS_msn", Part: "_HLS_part", Skip: "_HLS_skip" } as const;

/** Names of all parameters that are delivery directives. */
export const DIRECTIVE_PARAMS: readonly string[] = Object.values(Param);

/** The delivery directives of a playlist request. */
export interface Directives {
  /** The position that the player waits for; undefined: it does not wait. */
  readonly position: ListPosition | undefined;
  /** The player has an earlier playlist, and wants a delta update. */
  readonly skip: boolean;
}

/** Parses the directives of a query; returns a text that says what is wrong with invalid ones. */
export function directivesOf(query: string): Directives | string {
  let [msn, part, skip]: (string | undefined)[] = [];
  for (const pair of query.split("&")) {
    const at = pair.indexOf("=");
    const value = pair.slice(at + 1);
    switch (pair.slice(0, Math.max(at, 0))) {
      case Param.Msn:
        msn = value;
        break;
      case Param.Part:
        part = value;
        break;
      case Param.Skip:
        skip = value;
        break;
    }
  }
  if (part !== undefined && msn === undefined) return `${Param.Part} without ${Param.Msn}`;
  for (const [name, value] of [
    [Param.Msn, msn],
    [Param.Part, part],
  ])
    if (value !== undefined && !/^\d{1,15}$/.test(value)) return `${name} is not a number`;
  const position =
    msn === undefined ? undefined : { msn: Number(msn), part: part === undefined ? undefined : Number(part) };
  return { position, skip: skip === "YES" || skip === "v2" };
}
