const maxShown = 80;

/** A parsed TOML value as an error message quotes it: short, on one line. */
export function show(value: unknown): string {
  if (value instanceof Date) return "a date";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a table";
  // When a quote is missing, the value is the rest of the file: the message must not show the other lines.
  const [line = "", ...others] = typeof value === "string" ? value.split(/[\r\n]/, 2) : [];
  if (others.length > 0) return `${JSON.stringify(line.slice(0, maxShown))}…`;
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

/** Keys from the root of the document down; numbers are places in a list. */
export type Path = readonly (string | number)[];

/** `vhost."live.example.com".forward[1]` */
export function showPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += (text && ".") + showKey(part);
  }
  return text;
}

/** A key as TOML writes it: quoted when it has to be. */
export function showKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quote(key);
}

/** A TOML basic string. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

/** A directive's name for messages. A text that does not look like a name may be a misplaced secret and is not shown. */
export function showName(name: string): string {
  return /^[a-z]{1,15}(?:_[a-z]{1,15}){0,4}$/.test(name) ? name : "…";
}
