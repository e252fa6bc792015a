import { formatHostPort, type HostPort } from "../base/address.ts";
import { paramsBeside } from "../base/params.ts";

/** The names of a stream. None holds a control character, `app` and `stream` no `?` or `#`, `stream` and `vhost` no slash. */
export interface StreamAddress {
  /** The vhost that the client named (parameter, else host name, an IPv6 one in brackets); the configuration may use another name. */
  readonly vhost: string;
  /** One or more levels, without slashes around them. */
  readonly app: string;
  readonly stream: string;
  /** Empty or `?a=b&c=d`, as the client sent it, without `vhost` and `domain`. */
  readonly param: string;
}

/** The address of a stream by a client's names, or why they name none: a reason for the peer and the log. */
export type AddressResult =
  | { readonly ok: true; readonly address: StreamAddress }
  | { readonly ok: false; readonly reason: string };

/** The vhost of clients that name none, or one that is not configured. */
export const DEFAULT_VHOST = "__defaultVhost__";
/** The app of a URL that has none. */
const DEFAULT_APP = "__defaultApp__";

/** The longest accepted names, in UTF-16 units. `input` limits each string that the client sends. */
export const addressLimits = { input: 8192, vhost: 255, app: 1024, stream: 1024, param: 4096 } as const;

/** FMLE's name for "the app's default instance". */
const DEFAULT_INSTANCE = "_definst_";
/** Flash servers' prefixes for kinds of files. FFmpeg and librtmp add them, FFmpeg to the first of several levels. */
const CONTAINER_PREFIXES = /^(?:(?:mp4|mp3|flv):\s*)+/;
/** Endings that FFmpeg or librtmp removes from a name, or keeps, depending on the rest of the URL. */
const CONTAINER_ENDINGS: ReadonlySet<string> = new Set([".mp4", ".f4v", ".flv", ".mp3"]);
/** The spelling of FMLE and old Flash clients, whose server field drops everything from a `?`: `app...vhost...X`. */
const VHOST_SPELLING = /(?:\.\.\.|,|&&)(vhost|domain)(?:\.\.\.|=|,)/g;
const AFTER_VHOST = /[,?/]|\.\.\./;
const none: readonly string[] = [];
const UNFIT_FOR_VHOST = /[\s,?&#/\\=@]|\.\.\./;

/**
 * Finds vhost, app, stream and parameters in the strings of `connect` and then `publish` or `play`, in every spelling in use.
 * Clients cut a URL's path at different slashes, so app and name are joined first: the last level is the stream.
 *
 *     rtmp://host:1935/app/instance?vhost=v&k=1   +   level/stream?token=2   =>   v  app/instance/level  stream  ?k=1&token=2
 *     └──────────────── tcUrl, or app ────────┘       └───── name ───────┘
 *
 * A path of one level is a stream of the default app. Container prefixes and endings (`mp4:cam.mp4`) are no part of a name.
 * Slashes after the name's own `?` belong to values of parameters. Names are not percent-decoded. Never throws.
 */
export function resolve(tcUrl: string | undefined, app: string | undefined, name: string): AddressResult {
  if (last === undefined || last.name !== name || last.tcUrl !== tcUrl || last.app !== app)
    last = { tcUrl, app, name, result: find(tcUrl, app, name) };
  return last.result;
}

/** The last request and its result: many viewers in a row ask for one stream. */
let last: { tcUrl: string | undefined; app: string | undefined; name: string; result: AddressResult } | undefined;

function find(tcUrl: string | undefined, app: string | undefined, name: string): AddressResult {
  for (const text of [tcUrl, app, name]) {
    if (text !== undefined && text.length > addressLimits.input)
      return refuse("the URL", text.length, addressLimits.input);
  }
  const url = splitUrl(tcUrl ?? "");
  let [location, locationQuery] = splitQuery(normalise(url.rest));
  const [appPath, appQuery] = splitQuery(normalise(app ?? ""));
  if (levels(location).length === 0) {
    location = appPath;
    locationQuery = `${locationQuery}&${appQuery}`;
  }
  let [own, ownQuery] = splitName(name);
  if (ownQuery === "" && continuesQuery(location, locationQuery, own)) {
    locationQuery += `/${own}`;
    own = "";
  }
  const found = new Parts();
  let base = levels(location).concat(found.takeQuery(locationQuery));
  const locationParams = found.params.length;
  const tail = levels(own).concat(found.takeQuery(ownQuery));
  if (tail.length === 0) {
    const guess = guessName(found.params, locationParams, base.length);
    tail.push(...levels(guess ?? ""));
  } else if (app !== undefined) {
    const appBase = levels(appPath).concat(new Parts().takeQuery(appQuery));
    if (samePath(base, [...appBase, ...tail])) {
      // The tcUrl is the stream's whole URL.
      base = appBase;
      found.dropRepeated(locationParams);
    }
  }
  const path = [...base, ...tail];
  const stream = withoutEndings(path.pop() ?? "");
  return check({
    vhost: found.vhost || found.domain || url.host || DEFAULT_VHOST,
    app: path.join("/") || DEFAULT_APP,
    stream,
    param: joinParams(found.params),
  });
}

/** The key of a stream within a server. */
export function streamKey(address: StreamAddress): string {
  return `${address.vhost}/${address.app}/${address.stream}`;
}

/** A client's strings that open a stream: the first two in `connect`, the last in `publish` or `play`. */
export interface ClientUrl {
  readonly tcUrl: string;
  readonly app: string;
  readonly playPath: string;
}

/** Whether a vhost can stand in a URL as its host. */
const HOST_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * The URL of a stream on another server, from which `resolve` makes the same address again. The vhost is the URL's host, as
 * SRS writes it; one that is no host name goes with the app, where SRS finds it only when there are no parameters. For an
 * undefined or default vhost, the URL's host is the target's own host name.
 */
export function buildUrl(
  target: HostPort & { readonly tls?: boolean },
  names: Omit<StreamAddress, "vhost"> & { readonly vhost: string | undefined },
): ClientUrl {
  const vhost = names.vhost === DEFAULT_VHOST ? undefined : names.vhost;
  const isHost = vhost !== undefined && HOST_NAME.test(vhost);
  const host = isHost ? vhost : target.host;
  const app = vhost === undefined || isHost ? names.app : `${names.app}?vhost=${vhost}`;
  const tcUrl = `${target.tls ? "rtmps" : "rtmp"}://${formatHostPort({ host, port: target.port })}/${app}`;
  return { tcUrl, app, playPath: `${names.stream}${names.param}` };
}

/** After an app with a vhost comes the stream; a slash after other parameters belongs to them. */
const STREAM_URL =
  /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s]+)\/([^?#\s]+(?:\?(?:[^/?#\s]*&)?(?:vhost|domain)=[^/?#&\s]+)?)\/(\S+)$/i;

/** Splits `scheme://host[:port]/app[/more][?vhost=name]/stream[?params]` as clients do; undefined when a part is missing. */
export function splitStreamUrl(
  url: string,
):
  | { readonly scheme: string; readonly authority: string; readonly location: string; readonly name: string }
  | undefined {
  const [, scheme = "", authority = "", location = "", name = ""] = STREAM_URL.exec(url) ?? [];
  return name === "" ? undefined : { scheme, authority, location, name };
}

/** A client's parameters for another server, without those that some server could read as a vhost. */
export function withoutVhost(param: string): string {
  const pairs = paramsBeside(["vhost", "domain"], param.replace(/^\?/, "")).split("&");
  return joinParams(pairs.filter((pair) => pair !== "" && pair.search(VHOST_SPELLING) < 0));
}

/** The values found in parameters. */
class Parts {
  vhost = "";
  domain = "";
  readonly params: string[] = [];

  /** Sorts a query's parameters; returns the path levels in it: `vhost=v/stream` has one when FMLE's users wrote the URL. */
  takeQuery(query: string): readonly string[] {
    // Most addresses have no query.
    if (query === "") return none;
    const path: string[] = [];
    // A second question mark before a vhost is a common mistake.
    const pending = query.split(/[&#]|\?(?=(?:vhost|domain)=)/).reverse();
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const param = trimParam(next);
      const key = param.startsWith("vhost=") ? "vhost" : param.startsWith("domain=") ? "domain" : undefined;
      if (key === undefined) {
        if (param !== "") this.params.push(param);
        continue;
      }
      const rest = this.#takeVhost(key, param.slice(key.length + 1));
      if (rest.startsWith("/")) {
        const [inside, behind] = splitQuery(rest);
        path.push(...levels(inside));
        pending.push(behind);
      } else pending.push(rest.slice(rest.startsWith("...") ? 3 : 1));
    }
    return path;
  }

  /** Removes all parameters from `start` on if they repeat the ones before it. */
  dropRepeated(start: number): void {
    const { params } = this;
    if (joinParams(params.slice(0, start)) === joinParams(params.slice(start))) params.splice(start);
  }

  /** Returns the text after the vhost, with the separator that ended it. */
  #takeVhost(key: "vhost" | "domain", text: string): string {
    const end = text.search(AFTER_VHOST);
    const value = (end < 0 ? text : text.slice(0, end)).trim();
    if (value !== DEFAULT_VHOST && this[key] === "") this[key] = value;
    return end < 0 ? "" : text.slice(end);
  }
}

/** The host of a tcUrl and the rest after it; both empty for a text that is no URL. */
function splitUrl(tcUrl: string): { host: string; rest: string } {
  const [, authority = "", rest = ""] = /^\s*[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is.exec(tcUrl) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1).trim();
  const end = host.startsWith("[") ? host.indexOf("]") + 1 : host.indexOf(":");
  return { host: end > 0 || host.startsWith(":") ? host.slice(0, end) : host, rest };
}

function splitQuery(text: string): [path: string, query: string] {
  const at = text.search(/[?#]/);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Like `splitQuery`, with the vhost's spellings in the path only: a value after the `?` is the user's own text. */
function splitName(name: string): [path: string, query: string] {
  const [path, query] = splitQuery(name);
  const [inner, innerQuery] = splitQuery(normalise(path));
  return [inner, innerQuery === "" ? query : `${innerQuery}&${query}`];
}

function normalise(text: string): string {
  return text === "" ? "" : text.replace(VHOST_SPELLING, "?$1=");
}

/** The levels of a path; surrounding spaces, doubled slashes, container prefixes and the default instance are removed. */
function levels(path: string): string[] {
  const found: string[] = [];
  for (const level of path.split("/")) {
    const bare = level.trim().replace(CONTAINER_PREFIXES, "");
    if (bare !== "" && bare !== DEFAULT_INSTANCE) found.push(bare);
  }
  return found;
}

/** A stream's name without container endings. All are removed, so that the next server does not shorten the name again. */
function withoutEndings(name: string): string {
  let bare = name;
  while (CONTAINER_ENDINGS.has(bare.slice(-4))) {
    const shorter = bare.slice(0, -4).trimEnd();
    if (shorter === "" || shorter === DEFAULT_INSTANCE) break;
    bare = shorter;
  }
  return bare;
}

/** Whether two paths lead to the same stream. */
function samePath(one: readonly string[], other: readonly string[]): boolean {
  const last = one.length - 1;
  return (
    one.length === other.length &&
    one.every((level, at) =>
      at < last ? level === other[at] : withoutEndings(level) === withoutEndings(other[at] ?? ""),
    )
  );
}

/** FFmpeg and librtmp cut `app/stream?sign=ab/cd&t=1` at that slash, although it belongs to the value. */
function continuesQuery(location: string, locationQuery: string, own: string): boolean {
  if (locationQuery === "") return false;
  const last = locationQuery.slice(locationQuery.lastIndexOf("&") + 1);
  return levels(location).length > 1 && /&[^=&/]+=/.test(own) && /^(?!vhost=|domain=)[^=]+=/.test(last);
}

/** A name for a URL without one: from `?streamname=x`, or from after the slash of `app?k=v/x`, which is removed from `params`. */
function guessName(params: string[], locationParams: number, depth: number): string | undefined {
  const ownParams = params.length > locationParams;
  const named = params.find((param) => param.startsWith("streamname="))?.slice("streamname=".length);
  if (named && (ownParams || depth <= 1)) return named;
  const last = params.at(-1);
  if (ownParams || depth !== 1 || last === undefined) return undefined;
  const slash = last.lastIndexOf("/");
  const name = last.slice(slash + 1);
  if (slash < 0 || levels(name).length === 0) return undefined;
  const kept = trimParam(last.slice(0, slash));
  params.splice(-1, 1, ...(kept === "" ? [] : [kept]));
  return name;
}

function trimParam(text: string): string {
  let start = 0;
  while (start < text.length && (text[start] === "?" || text.charAt(start).trim() === "")) start++;
  return text.slice(start).trimEnd();
}

function joinParams(params: readonly string[]): string {
  return params.length === 0 ? "" : `?${params.join("&")}`;
}

function check(address: StreamAddress): AddressResult {
  const { vhost, app, stream, param } = address;
  if (stream === "") return { ok: false, reason: "the stream name is missing" };
  for (const [what, text, limit] of [
    ["the vhost", vhost, addressLimits.vhost],
    ["the app", app, addressLimits.app],
    ["the stream name", stream, addressLimits.stream],
    ["the parameters", param, addressLimits.param],
  ] as const) {
    if (text.length > limit) return refuse(what, text.length, limit);
    if (/\p{Cc}/u.test(text)) return { ok: false, reason: `a control character in ${what}` };
  }
  if (UNFIT_FOR_VHOST.test(vhost)) return { ok: false, reason: `"${vhost}" is not a vhost` };
  // Files may be named after a path: it must not lead into another folder.
  if ([...app.split("/"), stream].some((level) => level === "." || level === "..")) {
    return { ok: false, reason: `"${app}/${stream}" has a level of dots only` };
  }
  if ([app, stream].some((text) => /[?#]/.test(text) || text.search(VHOST_SPELLING) >= 0)) {
    return { ok: false, reason: `"${app}/${stream}" has parameters where none can be` };
  }
  return { ok: true, address };
}

function refuse(what: string, length: number, limit: number): AddressResult {
  return { ok: false, reason: `too many characters in ${what}: ${length}, ${limit} allowed` };
}
