import { printable } from "../../base/printable.ts";
import { showPath } from "../../config/show.ts";
import { type Finding, nameOf } from "./finding.ts";

/** A line of the drawing: the tree's part, and the finding. */
type Row = readonly [left: string, right: string];

/** The configuration as a tree: its listeners and vhosts, the targets of their streams (`─>`) and their origins (`<─`). */
export function drawTopology(title: string, vhosts: readonly string[], findings: readonly Finding[]): string {
  const ofVhost = (name: string | undefined) =>
    findings.filter(({ about: { path } }) => (path[0] === "vhost" ? path[1] : undefined) === name);
  const branches: { readonly row: Row; readonly twigs: readonly Row[] }[] = [
    ...ofVhost(undefined).map((finding) => ({ row: row(finding, 0), twigs: [] })),
    ...vhosts.map((name) => ({
      row: [`─ vhost ${name}`, ""] as const,
      twigs: ofVhost(name).map((finding) => row(finding, 2)),
    })),
  ];
  const rows: Row[] = [[title, ""]];
  for (const [
    at,
    {
      row: [left, right],
      twigs,
    },
  ] of branches.entries()) {
    const isLast = at === branches.length - 1;
    rows.push([`${isLast ? "└" : "├"}${left}`, right]);
    for (const [index, [twig, state]] of twigs.entries()) {
      rows.push([`${isLast ? " " : "│"}  ${index === twigs.length - 1 ? "└" : "├"}${twig}`, state]);
    }
  }
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => (right === "" ? left : `${left.padEnd(width)}   ${right}`)).join("\n");
}

function row({ about, state, advice }: Finding, skipped: number): Row {
  const { resource, path } = about;
  const arrow = resource.kind !== "peer" ? "─" : resource.flow === "from" ? "<─" : "─>";
  const right = advice === undefined ? state : `✗ ${state}`;
  return [`${arrow} ${showPath(path.slice(skipped))} ${nameOf(about)}`, printable(right)];
}
