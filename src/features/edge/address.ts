import { formatHostPort, type HostPort, parseHostPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import { hiddenLevels, maskPath } from "../../base/mask.ts";
import { paramKeys, paramsBeside } from "../../base/params.ts";
import { paramValues } from "../../base/secrets.ts";
import { Template } from "../../base/template.ts";
import type { PeerResource } from "../../config/resources.ts";
import {
  maskTarget,
  parseTarget,
  type RelayTarget,
  type StreamNames,
  targetIdentity,
  targetLabel,
  targetNames,
  targetSecrets,
  targetServer,
} from "../../relay/target.ts";
import { buildUrl, type ClientUrl, DEFAULT_VHOST, withoutVhost } from "../../rtmp/address.ts";

/** A server from which streams are played by RTMP. */
export interface RtmpOrigin {
  readonly protocol: "rtmp";
  readonly target: RelayTarget;
}

/** A server that has streams as FLV over HTTP. */
export interface FlvOrigin extends HostPort {
  readonly protocol: "http" | "https";
  /** The address as the operator wrote it. */
  readonly text: string;
  /** Undefined: `/[app]/[stream].flv` with the vhost and the viewer's parameters. */
  readonly path: Template | undefined;
  readonly query: Template;
}

/** Where streams are fetched from. */
export type OriginAddress = RtmpOrigin | FlvOrigin;

/** The word for the nodes of the cluster that have a stream. A host of that name is written with a port. */
export const REGISTRY = "registry";

/** An item of `edge.origin`. */
export type EdgeOrigin = OriginAddress | typeof REGISTRY;

const names = ["vhost", "app", "stream"] as const;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Reads a forward target, or `http(s)://host[:port][/path][?query]` with placeholders. Throws UserError. */
export function parseOrigin(text: string): OriginAddress {
  const [, scheme, authority = "", path = "", query = ""] =
    /^(https?):\/\/([^/?#]*)([^?#]*)\??([^#]*)$/is.exec(text) ?? [];
  const protocol = scheme?.toLowerCase();
  if (protocol !== "http" && protocol !== "https") {
    if (/^(?!rtmps?:)[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
      throw new UserError("only rtmp://, rtmps://, http:// and https:// origins are supported");
    }
    return { protocol: "rtmp", target: parseTarget(text) };
  }
  if (/[\s\p{Cc}]/u.test(text)) throw new UserError("an origin has no spaces; write several as a list");
  if (authority.includes("@")) throw new UserError("a user and a password are not supported");
  const bare = path === "" || path === "/";
  if (bare && query !== "") throw new UserError("parameters come after a path, /[app]/[stream].flv?key=1");
  return {
    protocol,
    text,
    ...parseHostPort(authority, DEFAULT_PORTS[protocol]),
    path: bare ? undefined : new Template(path, names),
    query: new Template(query, [...names, "param"]),
  };
}

/** The origin for a log line; its path may contain secrets. */
export function originLabel(origin: OriginAddress): string {
  if (origin.protocol === "rtmp") return targetLabel(origin.target);
  return `${origin.protocol}://${formatHostPort(origin)}${maskPath(origin.path?.text ?? "")}`;
}

/** The same text for two spellings of one origin. */
export function originIdentity(origin: EdgeOrigin): string {
  if (origin === REGISTRY) return REGISTRY;
  if (origin.protocol === "rtmp") return targetIdentity(origin.target);
  return `${origin.protocol}://${formatHostPort(origin)}${origin.path?.text ?? ""}?${origin.query.text}`;
}

/** The origin's host name or address. */
export function originHost(origin: OriginAddress): string {
  return origin.protocol === "rtmp" ? origin.target.host : origin.host;
}

/** The origin as the operator wrote it. */
export function originText(origin: EdgeOrigin): string {
  if (origin === REGISTRY) return REGISTRY;
  return origin.protocol === "rtmp" ? origin.target.text : origin.text;
}

/** The origin as the operator wrote it, without what may be secret. */
export function maskOrigin(origin: EdgeOrigin): string {
  if (origin === REGISTRY) return REGISTRY;
  if (origin.protocol === "rtmp") return maskTarget(origin.target);
  const path = origin.path?.text ?? "";
  const shown = maskPath(path);
  if (shown !== path) return `${/^\w+:\/\/[^/]*/.exec(origin.text)?.[0]}${shown}`;
  const open = /^(?:(?:[a-z]+=)?\[[a-z]+\](?:&|$))*$/.test(origin.query.text);
  return open ? origin.text : `${origin.text.slice(0, origin.text.indexOf("?"))}?***`;
}

/** The vhost's name at the origins; `template` is its `edge.vhost`, `""` for the same name. */
export function upstreamVhost(template: string, vhost: string): string {
  return template === "" ? vhost : new Template(template, ["vhost"]).expand(() => vhost);
}

/** A stream's names at the origins. */
export function upstreamNames(template: string, name: Omit<StreamNames, "param">, param: string): StreamNames {
  return { ...name, vhost: upstreamVhost(template, name.vhost), param };
}

/** The origin's server, for `srs check`; undefined for the word "registry". */
export function originPeer(origin: EdgeOrigin): PeerResource | undefined {
  if (origin === REGISTRY) return undefined;
  if (origin.protocol === "rtmp") return { kind: "peer", flow: "from", ...targetServer(origin.target) };
  const { protocol, host, port } = origin;
  return { kind: "peer", flow: "from", protocol, host, port, app: undefined, hasVhost: true, text: maskOrigin(origin) };
}

/** The secrets of an origin's address when it is asked for a stream. */
export function originSecrets(origin: OriginAddress, stream: StreamNames): string[] {
  const own = paramValues(stream.param);
  if (origin.protocol === "rtmp") return [...targetSecrets(targetNames(origin.target, stream), stream).texts, ...own];
  const given = [...hiddenLevels(origin.path?.text ?? ""), ...paramValues(origin.query.text)];
  return [...own, ...given.filter((text) => !/^\[[a-z]+\]$/.test(text))];
}

/** The names in a request to an RTMP origin for a stream. */
export function rtmpUrl({ target }: RtmpOrigin, stream: StreamNames): ClientUrl {
  return buildUrl(target, targetNames(target, stream));
}

/** The names for a connection to an RTMP origin that requests no stream: the stream's parameters are in its URL. */
export function rtmpConnectUrl(origin: RtmpOrigin, stream: StreamNames): ClientUrl {
  const { tcUrl, app, playPath } = rtmpUrl(origin, stream);
  const question = playPath.indexOf("?");
  const param = question < 0 ? "" : playPath.slice(question);
  const joined = app.includes("?") ? param.replace("?", "&") : param;
  return { tcUrl: `${tcUrl}${joined}`, app: `${app}${joined}`, playPath };
}

/** The URL of a probe at an HTTP origin. */
export function rootUrl(origin: FlvOrigin): string {
  return `${origin.protocol}://${formatHostPort(origin)}/`;
}

/** Parameters that ask a server of this kind for a part of a stream; an edge's viewers may want all of it. */
const FLV_OPTIONS = ["audio", "video", "enhanced"] as const;

/** The URL of a stream at an HTTP origin. */
export function flvUrl(origin: FlvOrigin, stream: StreamNames): string {
  const { path, query } = origin;
  const keys = paramKeys(query.text);
  // The viewer's parameters come first and ours last, as many servers use the last value of a name.
  const others = paramsBeside([...keys, ...FLV_OPTIONS], withoutVhost(stream.param).replace("?", ""));
  const inPath = (name: string) => nameOf(stream, name).split("/").map(encodeURIComponent).join("/");
  const inQuery = (name: string) => (name === "param" ? others : encodeURIComponent(nameOf(stream, name)));
  const vhost = path === undefined && stream.vhost !== DEFAULT_VHOST ? `vhost=${encodeURIComponent(stream.vhost)}` : "";
  const asked = path === undefined ? `${inQuery("param")}&${vhost}` : query.expand(inQuery);
  // A server of this kind then sends packets as they came; other servers ignore the parameter.
  const whole = keys.includes("enhanced") ? "" : "enhanced=1";
  const pairs = `${asked}&${whole}`.split("&").filter((pair) => pair !== "");
  const expandedPath = path === undefined ? `/${inPath("app")}/${inPath("stream")}.flv` : path.expand(inPath);
  const end = pairs.length > 0 ? `?${pairs.join("&")}` : "";
  return `${origin.protocol}://${formatHostPort(origin)}${expandedPath}${end}`;
}

function nameOf(stream: StreamNames, name: string): string {
  switch (name) {
    case "vhost":
      return stream.vhost;
    case "app":
      return stream.app;
    default:
      return stream.stream;
  }
}
