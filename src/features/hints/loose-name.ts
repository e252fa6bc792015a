/** Longer keys get no hint. */
const MAX_LENGTH = 1024;

/**
 * The same text for streams that people and programs confuse: they differ in capitals, percent-encoding, the kind of punctuation, a
 * repeated last level, or the vhost. Undefined for a key with nothing to compare.
 */
export function looseName(key: string): string | undefined {
  if (key.length > MAX_LENGTH) return undefined;
  const [, ...path] = key.split("/");
  const levels = path.map(looseLevel).filter((level) => level !== "");
  const last = levels.at(-1);
  while (levels.length > 1 && levels.at(-2) === last) levels.pop();
  return last === undefined ? undefined : levels.join("/");
}

/** The vhost of a stream's key. */
export function vhostOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

function looseLevel(level: string): string {
  return decoded(level)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
