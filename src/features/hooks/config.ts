import { UserError } from "../../base/errors.ts";
import { choice, integer, list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table, type ValueOf } from "../../config/table.ts";
import { type HookUrl, hookPeer, maskHookUrl, parseHookUrl } from "./hook-url.ts";
import { secretProblem } from "./signature.ts";

/** `[vhost.NAME.http_hooks]` */
export const hooksTable = table(
  "URLs of back ends that decide who may connect, publish and play, and are notified of what happens: SRS's events and bodies.",
  {
    on_connect: urls("Asked whether an RTMP client may connect: all must allow it."),
    on_close: urls("Notified when an RTMP client that has asked to connect is gone."),
    on_publish: urls("Asked whether a client may publish a stream: all must allow it."),
    on_unpublish: urls("Notified when a client publishes a stream no longer."),
    on_play: urls("Asked whether a client may play a stream, over RTMP, HTTP or HLS: all must allow it."),
    on_stop: urls("Notified when a client plays a stream no longer."),
    on_hls: urls("Notified of each HLS segment, once it is listed and, with hls_path, written."),
    on_forward: urls(
      "Asked for further targets of a stream that is published here; the stream runs whatever they answer.",
    ),
    on_failure: choice(["deny", "allow"], {
      default: "deny",
      doc: "What happens to a client if a back end gives no answer to on_connect, on_publish or on_play.",
      reload: "live",
    }),
    timeout: integer({
      default: 3000,
      unit: "milliseconds",
      min: 100,
      max: 20_000,
      doc: "All URLs of an event together have this long to decide about a client; each has this long for a notification.",
      reload: "live",
    }),
    cache: integer({
      default: 0,
      unit: "seconds",
      min: 0,
      max: 3600,
      doc: "How long an answer to on_connect or on_play is used again for a client that differs in client_id only; 0: the back end is asked for each client.",
      reload: "live",
    }),
    secret: text({
      default: "",
      type: "a secret, whsec_ and at least 24 bytes in base64",
      doc: 'Calls are signed with it, as "Standard Webhooks" says: headers webhook-id, webhook-timestamp and webhook-signature.',
      secret: true,
      reload: "live",
      problem: secretProblem,
    }),
  },
);

/** The hooks of a vhost. */
export type HooksConfig = ValueOf<typeof hooksTable>;

function urls(doc: string) {
  return list<HookUrl>({
    default: [],
    type: `a URL, "http://host:port/path" or https, or a list of these`,
    doc,
    example: "http://127.0.0.1:8085/api/v1/hooks",
    reload: "live",
    parse: readUrl,
    toToml: ({ text }) => text,
    toShown: maskHookUrl,
    resource: hookPeer,
    identity: ({ href }) => href,
  });
}

function readUrl(value: unknown): HookUrl {
  if (typeof value !== "string")
    throw new UserError(`must be a URL such as "http://127.0.0.1:8085/hooks", not ${show(value)}`);
  try {
    return parseHookUrl(value);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const shown = show(value.replace(/\/\/[^/?#]*@/, "//"));
    throw new UserError(`${shown}: ${error.message}`, { cause: error });
  }
}
