import { printable } from "../../base/printable.ts";
import type { Named } from "../../config/resources.ts";
import { showPath } from "../../config/show.ts";

/** What an examination found at one place: how it is there, and what to do where it is not as it should be. */
export interface Finding {
  readonly about: Named;
  /** A few words: "srs/1.0.0, 3 ms", "connection refused". */
  readonly state: string;
  /** What to do; undefined where nothing is wrong. */
  readonly advice: string | undefined;
}

/** Says where in a configuration a key's value is written. */
export type Origin = (path: Named["path"]) => string | undefined;

/** A problem on one line, whatever another server has said: what, where, what to do. */
export function problemLine({ about, state, advice }: Finding, origin: Origin): string {
  const place = origin(about.item) ?? origin(about.path) ?? "default";
  return printable(`${showPath(about.path)} ${nameOf(about)} (${place}): ${state}; ${advice}`);
}

/** What a value names, as it is written. */
export function nameOf({ resource }: Named): string {
  if (resource.kind === "file") return resource.path;
  if (resource.kind === "peer") return resource.text;
  const { host, port } = resource;
  return `${host === "::" ? "*" : host.includes(":") ? `[${host}]` : host}:${port}`;
}
