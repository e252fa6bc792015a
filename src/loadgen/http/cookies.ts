import type { ResponseHead } from "../../io/net/http-response.ts";

/** Maximum number and length of a player's cookies. */
const MAX_COOKIES = 50;
const MAX_LENGTH = 4096;
/** `NAME=VALUE` (RFC 6265, 4.1.1), of visible characters. */
const PAIR = /^\s*([!-:<>-~]+)=([!-:<-~]*)\s*$/;

/** The cookies of one player by host, sent back to the host that set them; paths and ages are ignored. */
export class Cookies {
  readonly #hosts = new Map<string, Map<string, string>>();
  #count = 0;

  /** Takes the cookies that an answer sets. */
  take({ hostname }: URL, { headers }: ResponseHead): void {
    const set = headers.get("set-cookie");
    if (set === undefined) return;
    for (const line of set.split("\n")) {
      const [pair = ""] = line.split(";", 1);
      const [, name, value = ""] = PAIR.exec(pair) ?? [];
      if (name === undefined || pair.length > MAX_LENGTH) continue;
      const cookies = this.#hosts.get(hostname) ?? new Map<string, string>();
      if (!cookies.has(name) && this.#count++ >= MAX_COOKIES) return;
      this.#hosts.set(hostname, cookies.set(name, value));
    }
  }

  /** The header line for a request, with its CR LF; empty without cookies. */
  line({ hostname }: URL): string {
    const cookies = this.#hosts.get(hostname);
    if (cookies === undefined) return "";
    return `Cookie: ${[...cookies].map(([name, value]) => `${name}=${value}`).join("; ")}\r\n`;
  }
}
