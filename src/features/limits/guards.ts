import type { CountingGuard } from "../../live/ports/access.ts";
import { type StreamName, type Streams, streamLabel } from "../../live/streams.ts";
import type { VhostLimits } from "./config.ts";

/** The state that the guards need. */
export interface LimitsOptions {
  readonly streams: Pick<Streams, "find" | "count">;
  /** The limits of a vhost by its configured name. */
  limits(vhost: string): VhostLimits | undefined;
}

/** How much of a vhost's limit is in use. */
export interface LimitUse {
  /** The limit's key. */
  readonly limit: string;
  /** The vhost or the stream that the limit applies to. */
  readonly of: string;
  readonly now: number;
  readonly max: number;
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

/** The use of all limits that vhosts have set. */
export function* limitUses({
  streams,
  limits,
}: LimitsOptions & { readonly streams: Pick<Streams, "all"> }): Iterable<LimitUse> {
  const vhosts = new Set<string>();
  for (const { key, viewers } of streams.all()) {
    const vhost = key.slice(0, key.indexOf("/"));
    const { max_players: max = 0 } = limits(vhost) ?? {};
    if (max > 0) yield { limit: "max_players", of: streamLabel(key), now: viewers, max };
    vhosts.add(vhost);
  }
  for (const vhost of vhosts) {
    const { max_streams: max = 0 } = limits(vhost) ?? {};
    const { published, waiting } = streams.count(vhost);
    if (max > 0) yield { limit: "max_streams", of: vhost, now: Math.max(published, waiting), max };
  }
}

function labelOf({ vhost, app, stream }: StreamName): string {
  return streamLabel(`${vhost}/${app}/${stream}`);
}
