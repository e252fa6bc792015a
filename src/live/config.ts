import { choice, flag, integer, integerOr } from "../config/key.ts";
import type { Table, ValueOf } from "../config/table.ts";

/** The keys of a vhost that concern all its streams, whatever protocol carries them. */
export const streamKeys = {
  enabled: flag({
    default: true,
    doc: "Whether the vhost accepts publishers and players at all.",
    reload: "live",
  }),
  gop_cache: flag({
    default: true,
    doc: "Whether a new player starts at once with the newest group of pictures, instead of waiting for the next key frame.",
    reload: "live",
  }),
  gop_cache_max_frames: integer({
    default: 2500,
    unit: "frames",
    min: 0,
    max: 1_000_000,
    doc: "Longer groups of pictures are not kept for new players; 0 means the maximum, 65536.",
    reload: "live",
  }),
  gop_cache_max_bytes: integer({
    default: 32 * 1024 * 1024,
    unit: "bytes",
    min: 1,
    max: 64 * 1024 ** 3,
    doc: "Larger groups of pictures are not kept for new players.",
    reload: "live",
  }),
  queue_length: integer({
    default: 30,
    unit: "seconds",
    min: 1,
    max: 3600,
    doc: "A player or forward target that is further behind (or 65536 packets) skips to the newest key frame. Within the newest group of pictures it does not skip, if that group is within the limits of gop_cache and of queue_max_bytes.",
    reload: "live",
  }),
  queue_max_bytes: integer({
    default: 64 * 1024 * 1024,
    unit: "bytes",
    min: 1,
    max: 64 * 1024 ** 3,
    doc: "The same limit by size. With gop_cache, the newest group of pictures is kept beyond it.",
    reload: "live",
  }),
  mw_latency: integerOr("auto", {
    default: "auto",
    unit: "milliseconds",
    min: 0,
    max: 5000,
    doc: 'Time between writes to the players (merged writes); "auto" writes at once while the load allows, else within 350 ms if the machine can.',
    reload: "live",
  }),
  time_jitter: choice(["full", "zero", "off"], {
    default: "full",
    doc: 'Timestamps: "full" bridges jumps and never runs back, "zero" begins at 0, "off" leaves them unchanged.',
    reload: "live",
  }),
} as const;

/** The part of a vhost's configuration that its streams need. */
export interface StreamConfig extends Omit<ValueOf<Table<typeof streamKeys>>, "enabled"> {
  /** Seconds that players stay when a publisher vanishes; `grace` of the vhost's publish table. */
  readonly grace: number;
  /** An active source that sends no media for this many ms gives way to a standby source; from the publish table, too. */
  readonly switch_after: number;
}

/** The keys of the vhost's publish table that concern streams. */
type PublishKey = "grace" | "switch_after";

/** A vhost's configuration in the form that its streams use. */
export function streamConfig(
  vhost: Omit<StreamConfig, PublishKey> & { readonly publish: Pick<StreamConfig, PublishKey> },
): StreamConfig {
  return { ...vhost, grace: vhost.publish.grace, switch_after: vhost.publish.switch_after };
}
