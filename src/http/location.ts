/** The value of the Location header for a decoded path of this server. A query that no header can carry is left out. */
export function locationOf(path: string, query: string): string {
  const at = encodedPath(path);
  return query !== "" && /^[\x21-\x7e]+$/.test(query) ? `${at}?${query}` : at;
}

/** A decoded path as a URL has it. */
export function encodedPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
