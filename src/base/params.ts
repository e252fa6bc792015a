/** Servers and proxies decode a key once; some decode it again. */
const MAX_DECODINGS = 3;
const PLAIN = /^[A-Za-z0-9_-]*$/;

/** The keys of a query as `a=b&c=d`. */
export function paramKeys(query: string): string[] {
  return query.split("&").map(keyOf);
}

/**
 * The parameters of a query, with or without a leading `?`, except those that some server could read as one of `keys`: in
 * capitals, percent-encoded, as `key[]` or `[key]`, behind a semicolon, or respelt as PHP does.
 */
export function paramsBeside(keys: Iterable<string>, query: string): string {
  const mark = query.startsWith("?") ? "?" : "";
  // Most requests have no parameters.
  if (query.length === mark.length) return "";
  const taken = new Set([...keys].map(plainKey).filter((key) => key !== ""));
  const pairs = query.slice(mark.length).split("&");
  const others = pairs.filter((pair) => !pair.split(";").some((part) => taken.has(plainKey(keyOf(part)))));
  const rest = others.join("&");
  return rest === "" ? "" : `${mark}${rest}`;
}

function keyOf(pair: string): string {
  const end = pair.indexOf("=");
  return end < 0 ? pair : pair.slice(0, end);
}

function plainKey(key: string): string {
  // Of such a key, the rules below change only the capitals.
  if (PLAIN.test(key)) return key.toLowerCase();
  let plain = key.replaceAll("+", " ");
  for (let times = 0; times < MAX_DECODINGS; times++) plain = decoded(plain);
  plain = plain.replace(/^[\s[\]]+/, "");
  const end = plain.search(/[[\]\0]/);
  const name = end > 0 ? plain.slice(0, end) : plain;
  return name.trim().toLowerCase().replace(/[\s.]/g, "_");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
