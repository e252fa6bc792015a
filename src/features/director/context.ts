import type { Clock } from "../../base/clock.ts";
import type { Nodes } from "../../live/ports/nodes.ts";
import type { DirectorConfig } from "./config.ts";

/** What the director needs from outside. */
export interface DirectorContext {
  readonly clock: Pick<Clock, "now">;
  readonly nodes: Nodes;
  /** The vhost that serves a name, with its configured name; undefined if no vhost does. */
  vhost(name: string): { readonly name: string; readonly director: DirectorConfig["director"] } | undefined;
  /** Whether any vhost has a director. */
  isOn(): boolean;
}
