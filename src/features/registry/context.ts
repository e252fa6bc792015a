import type { Dial } from "../../base/transport.ts";
import type { NodeState } from "../../live/ports/nodes.ts";
import type { OnConflict } from "../../live/source/source.ts";
import type { RegistryConfig } from "./config.ts";
import type { LinkContext } from "./redis-link.ts";

/** What the registry needs from outside. */
export interface RegistryContext extends LinkContext {
  /** This process's id in hop traces. */
  readonly nodeId: string;
  readonly dial: Dial;
  config(): RegistryConfig;
  /** This process's own state, for its entry. */
  self(): NodeState;
  /** What a second publisher of a stream does, by the vhost's configuration. */
  onConflict(vhost: string): OnConflict;
  /** A stream, by its key, may be at another node now. */
  moved(key: string): void;
}
