import { printable } from "../../base/printable.ts";
import type { Named } from "../../config/resources.ts";
import { showPath } from "../../config/show.ts";

/** The finding for one resource: its state, and what to do if something is wrong. */
export interface Finding {
  readonly about: Named;
  /** A few words: "srs/1.0.0, 3 ms", "connection refused". */
  readonly state: string;
  /** What to do; undefined where nothing is wrong. */
  readonly advice: string | undefined;
}

/** Where a key's value is written in the configuration. */
export type Origin = (path: Named["path"]) => string | undefined;

/** A problem on one line, whatever another server has sent: what, where, what to do. */
export function problemLine({ about, state, advice }: Finding, origin: Origin): string {
  const position = origin(about.item) ?? origin(about.path) ?? "default";
  return printable(`${showPath(about.path)} ${nameOf(about)} (${position}): ${state}; ${advice}`);
}

/** The resource, as the configuration writes it. */
export function nameOf({ resource }: Named): string {
  if (resource.kind === "file") return resource.path;
  if (resource.kind === "peer" || resource.kind === "registry") return resource.text;
  const { host, port } = resource;
  return `${host === "::" ? "*" : host.includes(":") ? `[${host}]` : host}:${port}`;
}
