import { type Authority, parseAuthority } from "./authority.ts";

/** The parts of a request target. */
export interface RequestTarget {
  /** Decoded; "*" in OPTIONS of the whole server. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** The host and port of a target in absolute form. */
  readonly authority: (Authority & { readonly defaultPort: number }) | undefined;
}

/** A target, or a sentence that says why the text is none. */
export type TargetResult =
  | { readonly ok: true; readonly target: RequestTarget }
  | { readonly ok: false; readonly reason: string };

const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/is;
/** What needs decoding or checking in a path: escapes, backslashes, repeated slashes, segments that begin with a dot, other characters. */
const UNUSUAL = /[%\\]|\/[/.]|[^\x21-\x7e]/;
const HIDDEN_SEPARATOR = /%2f|%5c|\\/i;
const CONTROL = /\p{Cc}/u;

/**
 * Reads a request target of GET, HEAD or OPTIONS (RFC 9112, 3.2): origin form, absolute form (http and https), and `*`.
 * The text holds no spaces and no ASCII control characters.
 */
export function parseTarget(text: string): TargetResult {
  if (text === "*") return { ok: true, target: { path: "*", query: "", authority: undefined } };
  if (text.includes("#")) return refuse("the target has a fragment, which clients keep to themselves");
  if (text.startsWith("/")) return splitPath(text, undefined);
  const [, scheme, name, rest] = ABSOLUTE.exec(text) ?? [];
  if (scheme === undefined || name === undefined || rest === undefined) {
    return refuse("the target is neither a path nor a URL of http or https");
  }
  const authority = parseAuthority(name);
  if (authority === undefined || authority.host === "") return refuse("the target's host is not a host name");
  const defaultPort = scheme.toLowerCase() === "https" ? 443 : 80;
  return splitPath(rest.startsWith("/") ? rest : `/${rest}`, { ...authority, defaultPort });
}

function splitPath(text: string, authority: RequestTarget["authority"]): TargetResult {
  const mark = text.indexOf("?");
  const raw = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? "" : text.slice(mark + 1);
  if (CONTROL.test(query)) return refuse("the query has a control character");
  const decoded = decodePath(raw);
  if (!decoded.ok) return decoded;
  return { ok: true, target: { path: decoded.path, query, authority } };
}

/**
 * Decodes a path that begins with a slash: percent-encoding once, strict UTF-8. Repeated slashes count as one, as in RTMP's
 * names. Encoded slashes, backslashes, control characters and dot segments are refused, as proxies may read them differently.
 */
function decodePath(
  raw: string,
): { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string } {
  if (!UNUSUAL.test(raw)) return { ok: true, path: raw };
  if (HIDDEN_SEPARATOR.test(raw)) return refuse("the path has an encoded slash or a backslash");
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return refuse("the path is not UTF-8 in percent-encoding");
  }
  if (CONTROL.test(path)) return refuse("the path has a control character");
  if (path.split("/").some((segment) => segment === "." || segment === "..")) {
    return refuse("the path has a segment of dots only");
  }
  return { ok: true, path: path.replace(/\/{2,}/g, "/") };
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
