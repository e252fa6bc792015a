import type { CountingGuard } from "../../live/ports/access.ts";
import { type StreamName, type Streams, streamLabel } from "../../live/streams.ts";
import type { VhostLimits } from "./config.ts";

/** What the guards look up. */
export interface LimitsOptions {
  readonly streams: Pick<Streams, "find" | "count">;
  /** The limits of a vhost by its configured name. */
  limits(vhost: string): VhostLimits | undefined;
}

/** The guards of `[vhost.NAME.limits]`. */
export function limitGuards({ streams, limits }: LimitsOptions): CountingGuard[] {
  return [
    {
      name: "max_streams",
      check({ action, name }) {
        const max = limits(name.vhost)?.max_streams ?? 0;
        const stream = streams.find(name);
        // A stream that exists already does not count again.
        if (max === 0 || (action === "play" ? stream !== undefined : stream?.source !== undefined)) return undefined;
        const { published, waiting } = streams.count(name.vhost);
        const [count, are] = action === "publish" ? [published, "published"] : [waiting, "waited for"];
        return count < max
          ? undefined
          : { kind: "limit", reason: `streams of this vhost that are ${are}: ${count}, allowed: ${max}` };
      },
    },
    {
      name: "max_players",
      check({ action, name }) {
        const max = limits(name.vhost)?.max_players ?? 0;
        if (action !== "play" || max === 0) return undefined;
        const count = streams.find(name)?.viewers ?? 0;
        return count < max
          ? undefined
          : { kind: "limit", reason: `players of ${labelOf(name)}: ${count}, allowed: ${max}` };
      },
    },
  ];
}

function labelOf({ vhost, app, stream }: StreamName): string {
  return streamLabel(`${vhost}/${app}/${stream}`);
}
