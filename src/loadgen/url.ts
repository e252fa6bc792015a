import { type HostPort, parseHostPort, rtmpPort, rtmpsPort } from "../base/address.ts";
import { UserError } from "../base/errors.ts";
import { buildUrl, type ClientUrl, resolve } from "../rtmp/address.ts";
import { type HttpTarget, readHttpTarget } from "./http/target.ts";

/** The placeholder for a connection's number in a URL. */
const PLACEHOLDER = "{}";

/** The destination of one RTMP connection, and its names there. */
export interface RtmpTarget {
  readonly protocol: "rtmp";
  readonly address: HostPort & { readonly tls: boolean };
  readonly names: ClientUrl;
  /** `app/stream`, for people. */
  readonly stream: string;
}

/** The destination of one connection. */
export type BenchTarget = RtmpTarget | HttpTarget;

/** The protocol of players; the URL says whether TLS is used. */
export type PlayProtocol = BenchTarget["protocol"];

const EXAMPLES = "rtmp://host/live/livestream or http://host/live/livestream.flv";

/** The URL of one stream or, with `{}` in it, of a stream for each number. */
export class BenchUrl {
  readonly text: string;
  /** Whether it names a stream for each number. */
  readonly numbered: boolean;

  readonly protocol: PlayProtocol;

  /**
   * Reads `rtmp://host[:port]/app/stream[?parameters]` or `rtmps://…`; or, with the format as its extension (`.flv`,
   * `.ts`, `.m3u8`), `http://…`, `https://…`, `ws://…` or `wss://…`. Throws UserError.
   */
  constructor(text: string) {
    this.text = text;
    this.numbered = text.includes(PLACEHOLDER);
    this.protocol = this.target(0).protocol;
  }

  /** The target of connection `number`. */
  target(number: number): BenchTarget {
    return read(this.text.replaceAll(PLACEHOLDER, String(number)));
  }

  /** The target of publisher `number`. Throws UserError when the URL is not RTMP's. */
  publishTarget(number: number): RtmpTarget {
    const target = this.target(number);
    if (target.protocol === "rtmp") return target;
    throw new UserError(`${this.text}: streams are published by RTMP, to a URL like rtmp://host/live/livestream`);
  }

  /** The same URL with the number after the stream's name, unless it has a placeholder. */
  forMany(): BenchUrl {
    if (this.numbered) return this;
    const question = this.text.indexOf("?");
    const end = question < 0 ? this.text.length : question;
    return new BenchUrl(`${this.text.slice(0, end)}${PLACEHOLDER}${this.text.slice(end)}`);
  }
}

function read(text: string): BenchTarget {
  const [, prefix = "", authority = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(text) ?? [];
  const scheme = prefix.toLowerCase();
  if (authority.includes("@")) throw new UserError(`${text}: a user and a password are not supported`);
  if (/^(?:http|ws)s?$/.test(scheme)) return readHttpTarget(text, authority);
  if (!/^rtmps?$/.test(scheme)) throw new UserError(`"${text}" is no URL like ${EXAMPLES}`);
  const tls = scheme === "rtmps";
  const address = { ...parseHostPort(authority, tls ? rtmpsPort : rtmpPort), tls };
  const found = resolve(text, undefined, "");
  if (!found.ok) throw new UserError(`${text}: ${found.reason}; a URL is like rtmp://host/live/livestream`);
  const { vhost, app, stream, param } = found.address;
  // The host's own name is not sent as a vhost: the server sees it in the URL.
  const own = vhost === hostOf(authority) ? undefined : vhost;
  return {
    protocol: "rtmp",
    address,
    names: buildUrl(address, { vhost: own, app, stream, param }),
    stream: `${app}/${stream}`,
  } as const;
}

/** The host as the URL spells it, brackets included. */
function hostOf(authority: string): string {
  return authority.replace(/:[0-9]*$/, "");
}
