import type { ConfigAnswer, LimitsAnswer, NodeAnswer, NodeLink, RegistryAnswer } from "./api-answers.ts";
import { number, shown } from "./format.ts";
import { nodeName } from "./picture.ts";
import type { PageName } from "./route.ts";
import { t } from "./words.ts";

/** Maximum number of mistakes of a refused file that are listed. */
const MAX_LINES = 3;

/** A problem as a sentence, and the page with more about it. */
export interface Problem {
  readonly text: string;
  readonly page: PageName | undefined;
}

/** The problems of a node. */
export function problemsOf(node: NodeAnswer): Problem[] {
  const { state, problems, flow, self } = node;
  const name = self ? t("this server") : shown(nodeName(node));
  const own: Problem[] = problems.map((problem) => ({ text: `${name}: ${shown(problem)}`, page: undefined }));
  if (state === "dead" && own.length === 0) own.push({ text: t("{name} does not answer", { name }), page: undefined });
  if (state === "dead" || flow === null) return own;
  const failing = flow.links.filter((link) => link.failing > 0);
  own.push(...failing.map((link) => ({ text: linkProblem(link, name), page: self ? ("relays" as const) : undefined })));
  const n = flow.unhealthy;
  if (n > 0)
    own.push({ text: t("{n} streams of {name} are unhealthy", { n, name }), page: self ? "health" : undefined });
  return own;
}

/** The problems of the registry. */
export function registryProblems(registry: RegistryAnswer | null): Problem[] {
  if (registry === null || (registry.up && registry.last_error === null)) return [];
  const error = shown(registry.last_error ?? registry.to);
  const text = registry.up
    ? t("The registry refuses commands: {error}", { error })
    : t("The registry is away: {error}", { error });
  return [{ text, page: undefined }];
}

/** Why the configuration in effect is not that of the file: a refused reload, and keys that wait for a restart. */
export function configProblems(config: Pick<ConfigAnswer["config"], "refused" | "waiting"> | undefined): Problem[] {
  if (config === undefined) return [];
  const { refused, waiting } = config;
  const found: Problem[] = [];
  if (refused !== null) {
    const { lines } = refused;
    const rest = lines.length > MAX_LINES ? [t("and {n} more", { n: lines.length - MAX_LINES })] : [];
    const error = [...lines.slice(0, MAX_LINES).map(shown), ...rest].join(" ");
    found.push({ text: t("The last reload was refused: {error}", { error }), page: "config" });
  }
  if (waiting.length > 0) {
    const text = t("The file has changes that wait for a restart: {keys}", {
      keys: waiting.map(({ key }) => shown(key)).join(", "),
    });
    found.push({ text, page: "config" });
  }
  return found;
}

/** Limits that are nearly used up. */
export function limitProblems(near: LimitsAnswer["near"]): Problem[] {
  return near.map(({ limit, of, now, max }) => {
    const what = shown(of === "" ? limit : `${limit} (${of})`);
    const text = t("{limit} is nearly used up: {now} of {max}", { limit: what, now: number(now), max: number(max) });
    return { text, page: "health" };
  });
}

function linkProblem({ failing, to, error, flow }: NodeLink, name: string): string {
  const ends = flow === "pull" ? { from: shown(to), to: name } : { from: name, to: shown(to) };
  const text = t("{n} connections of {from} to {to} fail", { n: failing, ...ends });
  return error === null ? text : `${text}: ${shown(error)}`;
}
