/** The console's pages, in the order of its menu. */
export const pages = ["overview", "streams", "clients", "relays", "health", "config", "log", "actions"] as const;
/** The name of a page. */
export type PageName = (typeof pages)[number];

/** What the address names: a page, one item of it, and filters. */
export interface Route {
  readonly page: PageName;
  /** The id of one item of the page; "" for the list. */
  readonly id: string;
  readonly params: URLSearchParams;
}

/** Reads the part of an address after "#"; unknown pages are the overview. */
export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", id = ""] = path.split("/", 2);
  const page = pages.find((each) => each === name) ?? "overview";
  return { page, id: decoded(id), params: new URLSearchParams(query) };
}

/** The address of a page. */
export function addressOf(page: PageName, id = "", params: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== "");
  const query = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
  return `#/${page}${id === "" ? "" : `/${encodeURIComponent(id)}`}${query}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
