import { formatHostPort, type HostPort, parseHostPort, rtmpPort, rtmpsPort } from "../base/address.ts";
import { UserError } from "../base/errors.ts";
import { type ClientUrl, splitStreamUrl } from "../rtmp/address.ts";

/** Redirects in a row that are followed; SRS's number. */
const MAX_DEPTH = 3;

/** Where a server has sent us for a stream. */
export interface Redirected extends HostPort, ClientUrl {
  /** Whether it is rtmps://. */
  readonly tls: boolean;
}

/** Remembers where servers send a relay, and follows them so far and no further. */
export class Redirects {
  #depth = 0;
  #next: Redirected | undefined;

  /** A server names another URL for the stream: why it can't be followed, or undefined when `take` has it. */
  follow(url: string): string | undefined {
    if (++this.#depth > MAX_DEPTH) return `redirected more than ${MAX_DEPTH} times`;
    try {
      this.#next = parseStreamUrl(url);
      return undefined;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `redirected to what is no RTMP URL: ${error.message}`;
    }
  }

  /** Where the next attempt goes, if a server has said so. */
  take(): Redirected | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** The next redirect is a first one again. */
  reset(): void {
    this.#depth = 0;
    this.#next = undefined;
  }
}

/** Takes a stream's whole URL apart. Throws UserError. */
function parseStreamUrl(url: string): Redirected {
  const parts = splitStreamUrl(url);
  if (parts === undefined || !/^rtmps?$/i.test(parts.scheme)) throw new UserError(JSON.stringify(url.slice(0, 200)));
  const { scheme, authority, place, name } = parts;
  const tls = scheme.toLowerCase() === "rtmps";
  const address = parseHostPort(authority, tls ? rtmpsPort : rtmpPort);
  const tcUrl = `${tls ? "rtmps" : "rtmp"}://${formatHostPort(address)}/${place}`;
  return { ...address, tls, tcUrl, app: place, playPath: name };
}
