import { choice, flag } from "../../config/key.ts";
import { table } from "../../config/table.ts";

/** `[vhost.NAME.http_remux]` */
export const httpRemuxTable = table(
  "Streams as one long answer over HTTP, where http_server listens: /app/stream.flv, .ts, .aac and .mp3, and .flv by WebSocket.",
  {
    enabled: flag({
      default: true,
      doc: "Whether streams of the vhost can be played over HTTP. The rules for RTMP players hold.",
      reload: "live",
    }),
    on_unpublish: choice(["close", "wait"], {
      default: "close",
      doc: 'When a stream has stopped: "close" ends the answer, which players take for the end, "wait" goes on when it is published again.',
      reload: "live",
    }),
  },
);
