/** The parameter with a page of the same stream on another server. */
export const OTHER_SERVER_PARAM = "also";
/** More servers than this are not looked at. */
const MAX_OTHERS = 3;
/** What a host may be, with its port, to stand in a header. A name in other letters is punycode by then. */
const PLAIN_HOST = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * The stream's pages on other servers that a page's query names, in its order. What is no HTTP address of a plain host, and what
 * has a password in it, is left out. The server and the page read them alike, so that the policy allows what the page asks.
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

/** Whether the text is a host with or without a port, and nothing else that a header could obey. */
export function isPlainHost(text: string): boolean {
  return PLAIN_HOST.test(text);
}
