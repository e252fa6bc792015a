import { quote } from "../../config/show.ts";

/** A vhost's name as it is compared: names are host names, so case and a dot at the end do not matter. */
export function vhostKey(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** Vhosts whose names are one host's: only one of them could serve it. */
export function vhostProblems(names: Iterable<string>): { path: string[]; message: string }[] {
  const known = new Map<string, string>();
  const problems: { path: string[]; message: string }[] = [];
  for (const name of names) {
    const before = known.get(vhostKey(name));
    if (before === undefined) known.set(vhostKey(name), name);
    else problems.push({ path: ["vhost", name], message: `is the same host as ${quote(before)}; keep one of them` });
  }
  return problems;
}
