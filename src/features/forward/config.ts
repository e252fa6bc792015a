import { UserError } from "../../base/errors.ts";
import { list, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { maskTarget, parseTarget, type RelayTarget, targetIdentity, targetServer } from "../../relay/target.ts";

/** The keys at the top of the file. */
export const forwardRootKeys = {
  forward_state: text({
    default: "",
    type: "the path of a file",
    doc: "File for the targets that srs forward add --keep adds, so that they are there again after a restart. It has their secrets.",
    example: "/var/lib/srs/forwards.json",
    file: "make",
    reload: { restart: "targets are read from it at the start" },
  }),
} as const;

/** The keys of a vhost. */
export const forwardKeys = {
  forward: list<RelayTarget>({
    default: [],
    type: `"host", "host:port", "rtmp://host:port/app/stream?params" or the same with rtmps:// and the placeholders [vhost] [app] [stream] [param], or a list of these`,
    doc: "Servers that get a copy of every stream published on the vhost.",
    example: ["192.168.1.6:1935", "rtmp://cdn.example.com/live/[stream]?key=secret&[param]"],
    reload: "live",
    parse: readTarget,
    toToml: (target) => target.text,
    toShown: maskTarget,
    resource: (target) => ({ kind: "peer", flow: "to", ...targetServer(target) }),
    identity: targetIdentity,
  }),
} as const;

function readTarget(value: unknown): RelayTarget {
  if (typeof value !== "string") {
    throw new UserError(`must be a target such as "192.168.1.6:1935", not ${show(value)}`);
  }
  try {
    return parseTarget(value);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${show(value)}: ${error.message}`, { cause: error }) : error;
  }
}
