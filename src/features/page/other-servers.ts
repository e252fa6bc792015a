/** The query parameter that names a page of the same stream on another server. */
export const OTHER_SERVER_PARAM = "also";
/** Maximum number of other servers; further ones are ignored. */
const MAX_OTHERS = 3;
/** Hosts, with or without a port, that may be written into a header. International names are in punycode here. */
const PLAIN_HOST = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * The stream's pages on other servers that a page's query names, in its order. Texts that are
 * no HTTP URL of a plain host, or that have a password, are left out. The server and the page read them by this function, so that the
 * page's policy allows what it requests.
 */
export function otherServers(query: string): URL[] {
  return new URLSearchParams(query)
    .getAll(OTHER_SERVER_PARAM)
    .slice(0, MAX_OTHERS)
    .flatMap((text) => {
      const url = URL.parse(text);
      return url !== null && isPlain(url) ? [url] : [];
    });
}

function isPlain(url: URL): boolean {
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  return url.username === "" && url.password === "" && isPlainHost(url.host);
}

/** Whether the text is a host, with or without a port, and can't add anything else to a header. */
export function isPlainHost(text: string): boolean {
  return PLAIN_HOST.test(text);
}
