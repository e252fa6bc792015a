import { type HostPort, parseHostPort, rtmpPort, rtmpsPort } from "../base/address.ts";
import { UserError } from "../base/errors.ts";
import { buildUrl, type ClientUrl, resolve } from "../rtmp/address.ts";

/** The placeholder for a connection's number in a URL. */
const PLACEHOLDER = "{}";

/** The destination of one connection, and its names there. */
export interface RtmpTarget {
  readonly address: HostPort & { readonly tls: boolean };
  readonly names: ClientUrl;
  /** `app/stream`, for people. */
  readonly stream: string;
}

/** The URL of one stream or, with `{}` in it, of a stream for each number. */
export class BenchUrl {
  readonly text: string;
  /** Whether it names a stream for each number. */
  readonly numbered: boolean;

  /** Reads `rtmp://host[:port]/app/stream[?parameters]`, or `rtmps://…`. Throws UserError. */
  constructor(text: string) {
    this.text = text;
    this.numbered = text.includes(PLACEHOLDER);
    this.target(0);
  }

  /** The target of connection `number`. */
  target(number: number): RtmpTarget {
    return read(this.text.replaceAll(PLACEHOLDER, String(number)));
  }

  /** The same URL with the number after the stream's name, unless it has a placeholder. */
  forMany(): BenchUrl {
    if (this.numbered) return this;
    const question = this.text.indexOf("?");
    const end = question < 0 ? this.text.length : question;
    return new BenchUrl(`${this.text.slice(0, end)}${PLACEHOLDER}${this.text.slice(end)}`);
  }
}

function read(text: string): RtmpTarget {
  const [, scheme = "", authority = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(text) ?? [];
  const tls = scheme.toLowerCase() === "rtmps";
  if (!tls && scheme.toLowerCase() !== "rtmp")
    throw new UserError(`"${text}" is no URL like rtmp://host/live/livestream`);
  if (authority.includes("@")) throw new UserError(`${text}: a user and a password are not supported`);
  const address = { ...parseHostPort(authority, tls ? rtmpsPort : rtmpPort), tls };
  const found = resolve(text, undefined, "");
  if (!found.ok) throw new UserError(`${text}: ${found.reason}; a URL is like rtmp://host/live/livestream`);
  const { vhost, app, stream, param } = found.address;
  // The host's own name is not sent as a vhost: the server sees it in the URL.
  const own = vhost === hostOf(authority) ? undefined : vhost;
  return { address, names: buildUrl(address, { vhost: own, app, stream, param }), stream: `${app}/${stream}` };
}

/** The host as the URL spells it, brackets included. */
function hostOf(authority: string): string {
  return authority.replace(/:[0-9]*$/, "");
}
