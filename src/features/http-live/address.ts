import { paramsBeside } from "../../base/params.ts";
import type { HttpRequest } from "../../http/request.ts";
import { type AddressResult, resolve } from "../../rtmp/address.ts";

/** The endings under which streams are played. */
const endings = ["flv", "ts", "aac", "mp3"] as const;
/** The ending of a live stream's path. */
export type Ending = (typeof endings)[number];

/** The parts of a stream that a viewer wants. */
export interface ViewOptions {
  readonly audio: boolean;
  readonly video: boolean;
  /** FLV has packets as the publisher sent them, with all of enhanced RTMP. */
  readonly enhanced: boolean;
}

/** A request for a stream. */
export interface LiveAddress {
  readonly ending: Ending;
  readonly options: ViewOptions;
  /** The URL up to the app, as RTMP clients send it in `connect`. */
  readonly tcUrl: string;
  /** The stream's names, without the parameters that decide how it is sent. */
  readonly names: AddressResult;
}

/** The parameters that decide how a stream is sent. Guards and origins don't get them. */
const OPTION_KEYS = ["audio", "video", "enhanced"] as const;

/**
 * Reads `/app/stream.EXT?parameters`: the names and the vhost (`?vhost=`, else the host) by the rules of RTMP. Undefined for other
 * paths.
 */
export function readAddress({
  path,
  query,
  host,
  secure,
}: Pick<HttpRequest, "path" | "query" | "host" | "secure">): LiveAddress | undefined {
  const slash = path.lastIndexOf("/");
  const dot = path.lastIndexOf(".");
  const ending = endings.find((one) => path.slice(dot + 1) === one);
  // A name that begins with a dot is that of a hidden file.
  if (ending === undefined || dot <= slash + 1 || path[slash + 1] === ".") return undefined;
  const tcUrl = `${secure ? "https" : "http"}://${host}${path.slice(0, slash)}`;
  const options = { audio: !isOff(query, "audio"), video: !isOff(query, "video"), enhanced: isOn(query, "enhanced") };
  return { ending, options, tcUrl, names: namesOf(tcUrl, path.slice(slash + 1, dot), query, path) };
}

function namesOf(tcUrl: string, stream: string, query: string, path: string): AddressResult {
  // Decoded, these would begin parameters.
  if (/[?#]/.test(path)) return { ok: false, reason: "a stream's name has no ? and no #" };
  const rest = paramsBeside(OPTION_KEYS, query);
  return resolve(tcUrl, undefined, rest === "" ? stream : `${stream}?${rest}`);
}

function isOff(query: string, key: string): boolean {
  return /^(?:0|false|off|no)$/i.test(parameter(query, key));
}

function isOn(query: string, key: string): boolean {
  return /^(?:1|true|on|yes)$/i.test(parameter(query, key));
}

function parameter(query: string, key: string): string {
  if (query === "") return "";
  const pair = query.split("&").find((one) => one.startsWith(`${key}=`));
  return pair?.slice(key.length + 1) ?? "";
}
