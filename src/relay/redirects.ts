import { formatHostPort, type HostPort, parseHostPort, rtmpPort, rtmpsPort } from "../base/address.ts";
import { isPublicIp } from "../base/address-scope.ts";
import { UserError } from "../base/errors.ts";
import { type ClientUrl, splitStreamUrl } from "../rtmp/address.ts";

/** Redirects in a row that are followed; SRS's number. */
const MAX_DEPTH = 3;

/** A server that redirects us: how we reach it, and its IP address. */
export interface Redirector {
  readonly protocol: "rtmp" | "rtmps" | "http" | "https";
  readonly ip: string;
}

/** A server's redirect of a stream to another URL. */
export interface Redirect {
  readonly url: string;
  readonly by: Redirector;
}

/** Why a redirect is not followed, or the rule for the next dial: `publicOnly` as in `DialTarget`. */
export type RedirectStep = { readonly problem: string } | { readonly problem: undefined; readonly publicOnly: boolean };

/**
 * Decides on redirects of all protocols. None may lead from TLS to plain text, where others can read the key, to another protocol,
 * or from the public internet to an address that only this machine or its network can reach. `depth`: redirects in a row, this one
 * included.
 */
export function checkRedirect({ protocol, ip }: Redirector, to: string, depth: number): RedirectStep {
  if (depth > MAX_DEPTH) return { problem: `redirected more than ${MAX_DEPTH} times` };
  if (`${to}s` === protocol) return { problem: `redirected from ${protocol} to ${to}, which others can read` };
  if (to !== protocol && to !== `${protocol}s`) return { problem: `redirected from ${protocol} to ${to || "no URL"}` };
  return { problem: undefined, publicOnly: isPublicIp(ip) };
}

/** A redirect's destination for a stream. */
export interface Redirected extends HostPort, ClientUrl {
  /** Whether it is rtmps://. */
  readonly tls: boolean;
  readonly publicOnly: boolean;
}

/** Remembers a relay's redirects, and limits how many are followed. */
export class Redirects {
  #depth = 0;
  #next: Redirected | undefined;

  /** A server names another URL for the stream. Returns why it is not followed, or undefined when `take` will return it. */
  follow({ url, by }: Redirect): string | undefined {
    const step = checkRedirect(by, schemeOf(url), ++this.#depth);
    if (step.problem !== undefined) return step.problem;
    try {
      this.#next = { ...parseStreamUrl(url), publicOnly: step.publicOnly };
      return undefined;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `redirected to an invalid RTMP URL: ${error.message}`;
    }
  }

  /** The destination of the next attempt, if a server has redirected it; else the next redirect counts as the first. */
  take(): Redirected | undefined {
    const next = this.#next;
    if (next === undefined) this.#depth = 0;
    this.#next = undefined;
    return next;
  }

  /** The next redirect counts as the first. */
  reset(): void {
    this.#depth = 0;
    this.#next = undefined;
  }
}

function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+.-]{0,20}):\/\//i.exec(url)?.[1]?.toLowerCase() ?? "";
}

/** Splits a stream's whole URL. Throws UserError. */
function parseStreamUrl(url: string): Omit<Redirected, "publicOnly"> {
  const parts = splitStreamUrl(url);
  if (parts === undefined || !/^rtmps?$/i.test(parts.scheme)) throw new UserError(JSON.stringify(url.slice(0, 200)));
  const { scheme, authority, location, name } = parts;
  const tls = scheme.toLowerCase() === "rtmps";
  const address = parseHostPort(authority, tls ? rtmpsPort : rtmpPort);
  const tcUrl = `${tls ? "rtmps" : "rtmp"}://${formatHostPort(address)}/${location}`;
  return { ...address, tls, tcUrl, app: location, playPath: name };
}
