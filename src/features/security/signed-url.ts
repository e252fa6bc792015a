import { UserError } from "../../base/errors.ts";
import { formatIp, parseIp } from "../../base/network.ts";
import { type AccessRequest, SIGNATURE_PARAMS } from "../../live/ports/access.ts";
import { resolve, splitStreamUrl } from "../../rtmp/address.ts";
import type { Security } from "./config.ts";
import { param, sign } from "./signature.ts";

/** What a signed URL allows, and the vhosts whose keys sign it. */
export interface SignOptions {
  /** Undefined: the only action for which the vhost has keys. */
  readonly action: AccessRequest["action"] | undefined;
  /** Unix time in seconds. */
  readonly until: number;
  /** The one address that may use the URL; undefined: any. */
  readonly address: string | undefined;
  /** The vhost that serves a name, as the server finds it. */
  findVhost(name: string): { readonly name: string; readonly config: { readonly security: Security } } | undefined;
}

/** The URL with `exp` and `sign` (and `addr`) added, signed with the first key of its vhost. Throws UserError. */
export function signedUrl(url: string, options: SignOptions): string {
  if (!/^(?:rtmp|http)s?:\/\/[^/\s]+\/\S+$/i.test(url))
    throw new UserError(`"${url}" is not a URL like rtmp://host/app/stream or http://host/app/stream.m3u8`);
  const resolved = resolve(/^http/i.test(url) ? rtmpUrlOf(url) : url, undefined, "");
  if (!resolved.ok) throw new UserError(`"${url}": ${resolved.reason}`);
  const { vhost: asked, app, stream, param: params } = resolved.address;
  if (SIGNATURE_PARAMS.some((name) => param(params, name) !== undefined))
    throw new UserError("the URL has exp, sign or addr already; give the one without");
  const vhost = options.findVhost(asked);
  if (vhost === undefined) throw new UserError(`no vhost "${asked}" in the configuration`);
  const { action, key } = choose(vhost.name, vhost.config.security, options.action);
  const addr = options.address === undefined ? "" : readAddress(options.address);
  const exp = String(Math.floor(options.until));
  const signature = sign(key, { action, name: { vhost: vhost.name, app, stream }, exp, addr });
  const added = [`exp=${exp}`, ...(addr === "" ? [] : [`addr=${addr}`]), `sign=${signature}`].join("&");
  // Parameters of the app, as in rtmp://host/app?vhost=name/stream, are not the stream's.
  const { name } = splitStreamUrl(url) ?? { name: url };
  return `${url}${name.includes("?") ? "&" : "?"}${added}`;
}

/** The URL at which the stream of an HTTP URL is played by RTMP: without percent-encoding and without the format's ending. */
function rtmpUrlOf(url: string): string {
  const [, authority = "", path = "", query = ""] = /^https?:\/\/([^/]+)([^?]*)(.*)$/i.exec(url) ?? [];
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new UserError(`"${url}": the path is not UTF-8 in percent-encoding`);
  }
  if (/[?#]/.test(decoded)) throw new UserError(`"${url}": a stream's name has no ? and no #`);
  return `rtmp://${authority}${decoded.replace(/\.(?:flv|ts|aac|mp3|m3u8|html)$/, "")}${query}`;
}

function choose(vhost: string, { publish_keys, play_keys }: Security, wanted: SignOptions["action"]) {
  const [publish] = publish_keys;
  const [play] = play_keys;
  if (wanted === undefined && publish !== undefined && play !== undefined)
    throw new UserError("to publish or to play? Give --publish or --play");
  const action = wanted ?? (publish === undefined ? "play" : "publish");
  const key = action === "publish" ? publish : play;
  if (key === undefined) {
    const name = wanted === undefined ? "publish_keys or play_keys" : `${action}_keys`;
    throw new UserError(`[vhost.${vhost}.security] has no ${name} to sign with`);
  }
  return { action, key } as const;
}

function readAddress(text: string): string {
  const address = parseIp(text);
  if (address === undefined) throw new UserError(`--address takes an IP address, not "${text}"`);
  return formatIp(address);
}
