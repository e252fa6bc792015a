import type { HttpRequest } from "../../http/request.ts";
import type { PlaylistAddress } from "./address.ts";

/** Maximum number of links of one viewer: those of a few variants with their renditions. */
const MAX_LINKS = 16;
const TOKEN = /(?:^|&)hls_ctx=([0-9a-f]{32})(?:&|$)/;
const DIRECTIVES = /^(?:_HLS_(?:msn|part|skip)=[\w-]*(?:&|$))+$/;

/** A query as players of low-latency HLS write it: a link, and delivery directives behind it. */
export interface AskedLink {
  readonly link: string;
  readonly token: string;
  /** Without an ampersand before them. */
  readonly directives: string;
}

/** Splits a query into the link and the directives behind it; undefined for a query of another form, or without a token. */
export function askedLink(query: string): AskedLink | undefined {
  const at = query.indexOf("_HLS_");
  const link = at < 0 ? query : query.slice(0, Math.max(0, at - 1));
  const directives = at < 0 ? "" : query.slice(at);
  if (at >= 0 && (query[at - 1] !== "&" || !DIRECTIVES.test(directives))) return undefined;
  const [, token] = TOKEN.exec(link) ?? [];
  return token === undefined ? undefined : { link, token, directives };
}

/** The parsed links of one viewer. Players request the same ones several times a second, and parsing costs more than a look-up. */
export class KnownLinks {
  readonly #addresses = new Map<
    string,
    { readonly host: string; readonly path: string; readonly address: PlaylistAddress }
  >();

  find({ link }: AskedLink, { host, path }: Pick<HttpRequest, "host" | "path">): PlaylistAddress | undefined {
    const known = this.#addresses.get(link);
    return known?.host === host && known.path === path ? known.address : undefined;
  }

  add({ link }: AskedLink, { host, path }: Pick<HttpRequest, "host" | "path">, address: PlaylistAddress): void {
    if (this.#addresses.size >= MAX_LINKS) this.#addresses.clear();
    this.#addresses.set(link, { host, path, address });
  }
}
