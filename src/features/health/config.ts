import { integer } from "../../config/key.ts";
import { table, type ValueOf } from "../../config/table.ts";

/** `[vhost.NAME.health]` */
export const healthTable = table("When streams of the vhost are reported as unhealthy; nothing else happens to them.", {
  max_gop: integer({
    default: 10,
    unit: "seconds",
    min: 0,
    max: 3600,
    doc: "Key frames that are further apart are reported, as viewers wait for them and HLS is cut at them; 0 for never.",
    reload: "live",
  }),
  max_bitrate: integer({
    default: 0,
    unit: "kbit/s",
    min: 0,
    max: 10_000_000,
    doc: "A higher bitrate over ten seconds is reported; 0 for that of limits.max_publish_kbps, if there is one.",
    reload: "live",
  }),
  max_silence: integer({
    default: 3000,
    unit: "milliseconds",
    min: 0,
    max: 86_400_000,
    doc: "A longer pause of all media, or of the video or the audio alone, is reported; 0 for never.",
    reload: "live",
  }),
});

/** The health thresholds of a vhost. */
export type HealthConfig = ValueOf<typeof healthTable>;
