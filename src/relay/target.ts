import { formatHostPort, type HostPort, parseHostPort, rtmpPort, rtmpsPort } from "../base/address.ts";
import { UserError } from "../base/errors.ts";
import { masked, maskPath } from "../base/mask.ts";
import { paramKeys, paramsBeside } from "../base/params.ts";
import { paramValues, Secrets } from "../base/secrets.ts";
import { Template } from "../base/template.ts";
import { SIGNATURE_PARAMS } from "../live/ports/access.ts";
import { withoutVhost } from "../rtmp/address.ts";

const names = ["vhost", "app", "stream"] as const;

/** A forward target. Names that it omits (app, stream) are the publisher's own. */
export interface RelayTarget extends HostPort {
  /** Whether it is rtmps://. */
  readonly tls: boolean;
  /** The target as the operator wrote it. */
  readonly text: string;
  /** Undefined for a target without an app: another server of this kind, which gets vhost, app, stream and parameters unchanged. */
  readonly app: Template | undefined;
  /** Undefined: the publisher's stream name and parameters. */
  readonly stream: Template | undefined;
  /** The parameters after the stream name, without the `?`. */
  readonly param: Template;
}

/** Names of a stream. `param` is empty or begins with `?`. */
export interface StreamNames {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
  readonly param: string;
}

/** The names that a target receives. `vhost` is undefined when the target's host name implies it. */
export interface TargetNames {
  readonly vhost: string | undefined;
  readonly app: string;
  readonly stream: string;
  readonly param: string;
}

/** Reads `host`, `host:port`, `[v6]:port` or `rtmp://host[:port][/app[/stream]][?params]`, or `rtmps://…`. Throws UserError. */
export function parseTarget(text: string): RelayTarget {
  const url = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(.*)$/s.exec(text);
  const [, scheme, authority = "", rest = ""] = url ?? [];
  const tls = scheme?.toLowerCase() === "rtmps";
  if (scheme !== undefined && !tls && scheme.toLowerCase() !== "rtmp") {
    throw new UserError("only rtmp:// and rtmps:// targets are supported");
  }
  refuseBadCharacters(text);
  if (!url && text.includes("/")) throw new UserError("a target with an app begins with rtmp://");
  const address = parseHostPort(readAuthority(url ? authority : text), tls ? rtmpsPort : rtmpPort);
  return { text, tls, ...address, ...parsePath(rest) };
}

/** The target in a log line. Its app may distinguish it from another on the same host; the rest may be secret. */
export function targetLabel(target: RelayTarget): string {
  const hostPort = `${target.tls ? "rtmps://" : ""}${formatHostPort(target)}`;
  return target.app === undefined ? hostPort : `${hostPort}/${maskPath(target.app.text)}`;
}

/** The target as written, without the part after the path's first level, where platforms' keys stand. */
export function maskTarget({ text, app, stream, param }: RelayTarget): string {
  if (app === undefined) return text;
  const server = /^\w+:\/\/[^/]*/.exec(text)?.[0];
  const path = maskPath(app.text);
  if (path !== app.text) return `${server}/${path}`;
  if (stream === undefined && param.text === "") return text;
  const bare = stream !== undefined && /^(\[[a-z]+\])*$/.test(stream.text) && /^(\[param\])?$/.test(param.text);
  return bare ? text : `${server}/${path}/${masked}`;
}

/** Secrets among the names that a target receives: what `maskTarget` removes, except for the publisher's own names. */
export function targetSecrets(names: TargetNames, from: StreamNames): Secrets {
  const [first = "", ...levels] = names.app.split("/");
  const texts = [...levels, names.stream, ...paramValues(names.param), ...paramValues(from.param)];
  return new Secrets(texts, [from.vhost, ...from.app.split("/"), from.stream, first]);
}

/** A target's server, and its app: undefined when that depends on the stream. */
export interface TargetServer extends HostPort {
  readonly protocol: "rtmp" | "rtmps";
  readonly app: string | undefined;
  /** Whether the target receives the name of the vhost. */
  readonly hasVhost: boolean;
  /** The target with its secrets masked. */
  readonly text: string;
}

/** The part of a target that is the same for all streams. */
export function targetServer(target: RelayTarget): TargetServer {
  const { tls, host, port, app } = target;
  const fixed = app?.text.includes("[") ? undefined : app?.text;
  const protocol = tls ? "rtmps" : "rtmp";
  return { protocol, host, port, app: fixed, hasVhost: app === undefined, text: maskTarget(target) };
}

/** The same text for two spellings of one target. */
export function targetIdentity(target: RelayTarget): string {
  const { tls, app, stream, param } = target;
  return [`${tls ? "rtmps" : "rtmp"}://${formatHostPort(target)}`, app?.text, stream?.text, param.text].join("\n");
}

/** The names that a target receives for a stream. */
export function targetNames(target: RelayTarget, stream: StreamNames): TargetNames {
  const from = { ...stream, param: withoutVhost(stream.param) };
  if (target.app === undefined) return from;
  const value = (name: string) => nameOf(from, name);
  const app = target.app.expand(value);
  if (target.stream === undefined) return { vhost: undefined, app, stream: from.stream, param: from.param };
  const others = paramsBeside(paramKeys(target.param.text), nameOf(from, "param"));
  const query = target.param.expand((name) => (name === "param" ? others : encodeURIComponent(nameOf(from, name))));
  // A publisher without parameters leaves a bare `&` behind.
  const given = query.split("&").filter((pair) => pair !== "");
  return {
    vhost: undefined,
    app,
    stream: target.stream.expand(value),
    param: given.length > 0 ? `?${given.join("&")}` : "",
  };
}

/**
 * The publisher's parameters that a forward target may receive. The signature of the publisher's URL is for this cluster's
 * servers; others get it only where the target names `[param]`.
 */
export function namesToForward(target: RelayTarget, from: StreamNames): StreamNames {
  const passesAll = target.app === undefined || target.stream !== undefined;
  const pairs = from.param.replace(/^\?/, "").split("&");
  if (passesAll || !pairs.some((pair) => pair.startsWith("sign="))) return from;
  const kept = pairs.filter((pair) => !SIGNATURE_PARAMS.some((name) => pair.startsWith(`${name}=`)));
  return { ...from, param: kept.length > 0 ? `?${kept.join("&")}` : "" };
}

function nameOf(from: StreamNames, name: string): string {
  switch (name) {
    case "vhost":
      return from.vhost;
    case "app":
      return from.app;
    case "stream":
      return from.stream;
    default:
      return from.param.replace(/^\?/, "");
  }
}

function readAuthority(authority: string): string {
  if (authority.includes("@")) throw new UserError("a user and a password are not supported");
  if (/\[[A-Za-z]+\]/.test(authority) && !/^\[[A-Fa-f]+\]/.test(authority)) {
    throw new UserError("the host takes no placeholder");
  }
  return authority;
}

function parsePath(rest: string): Pick<RelayTarget, "app" | "stream" | "param"> {
  const question = rest.indexOf("?");
  const path = (question < 0 ? rest : rest.slice(0, question)).replace(/^\/|\/$/g, "");
  const query = question < 0 ? "" : rest.slice(question + 1);
  // Some platforms put the stream's name into the parameters, rtmp://host/app/?streamname=name&key=secret.
  const nameless = query !== "" && path !== "" && rest.slice(0, question).endsWith("/");
  const slash = nameless ? -1 : path.lastIndexOf("/");
  const app = slash < 0 ? path : path.slice(0, slash);
  const stream = slash < 0 ? "" : path.slice(slash + 1);
  if (question >= 0 && stream === "" && !nameless) {
    throw new UserError("parameters come after the stream name, rtmp://host/app/stream?params");
  }
  if (path.split("/").includes("") && path !== "") throw new UserError("empty name between slashes");
  if (path.includes("[param]")) throw new UserError("[param] comes after a question mark: [stream]?[param]");
  return {
    app: app === "" ? undefined : new Template(app, names),
    stream: stream === "" && !nameless ? undefined : new Template(stream, names),
    param: new Template(query, [...names, "param"]),
  };
}

function refuseBadCharacters(text: string): void {
  if (text === "") throw new UserError("a target must not be empty");
  if (/[\s\p{Cc}]/u.test(text)) {
    throw new UserError(`a target has no spaces; write several targets as a list, ["a", "b"]`);
  }
}
