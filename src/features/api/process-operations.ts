import { maskText } from "../../base/mask.ts";
import type { ApiContext } from "./context.ts";
import { type ApiCall, ApiError, type Operation } from "./operation.ts";
import { listOf, number, object, orNull, string, whole } from "./schema.ts";

/** Which keys the configuration's text has: all, those that differ from their defaults, or none. */
const keyChoices = ["all", "changed", "none"] as const;

/** Operations on this process: its configuration, a reload, its state. */
export function processOperations(context: ApiContext): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/config",
      role: "read",
      summary: "The configuration in effect, without its secrets, since when it is, and what waits for a restart.",
      query: [
        {
          name: "keys",
          doc: "The keys in toml: all, by default; changed: those that differ from their defaults; none.",
        },
      ],
      answer: {
        config: object({
          file: string,
          loaded_at: number,
          reloads: whole,
          refused: orNull(object({ at: number, lines: listOf(string) })),
          warnings: listOf(string),
          waiting: listOf(object({ key: string, reason: string })),
          toml: string,
        }),
      },
      run: (call) => {
        const keys = keysOf(call);
        const { file, loadedAt, reloads, refused, warnings, waiting } = context.configState();
        const toml = keys === "none" ? "" : context.effectiveConfig(keys === "changed");
        const told = refused === undefined ? null : { at: refused.at, lines: refused.lines.map(maskText) };
        const state = { file, loaded_at: loadedAt, reloads, refused: told, warnings: warnings.map(maskText), waiting };
        return { config: { ...state, toml } };
      },
    },
    {
      method: "POST",
      path: "/api/v1/reload",
      role: "admin",
      summary: "Reads the configuration's file again and applies it. A wrong file changes nothing.",
      answer: { lines: listOf(string) },
      run: ({ by }) => ({ lines: reloadNow(context, by) }),
    },
    {
      method: "GET",
      path: "/api/v1/node",
      role: "read",
      summary: "Who this server is and how it stands: for health checks and the terminal.",
      answer: {
        node: object({
          id: string,
          version: string,
          stage: string,
          uptime: number,
          connections: whole,
          publishers: whole,
          players: whole,
          streams: whole,
          forwards_failing: whole,
          origins_dead: whole,
        }),
      },
      run: () => {
        const { now, relays, origins } = context.report();
        const node = {
          id: context.nodeId,
          version: context.version,
          stage: context.stage(),
          uptime: Math.round(context.systemLoad().process.uptime),
          connections: now.connections ?? 0,
          publishers: now.publishers ?? 0,
          players: now.players ?? 0,
          streams: now.streams ?? 0,
          forwards_failing: relays.filter(({ failing, flow }) => failing && flow === "push").length,
          origins_dead: origins.filter(({ state }) => state === "dead").length,
        };
        return { node };
      },
    },
  ];
}

function keysOf({ query }: ApiCall): (typeof keyChoices)[number] {
  const given = query.get("keys") ?? "all";
  const known = keyChoices.find((each) => each === given);
  if (known === undefined) throw new ApiError(400, "input", `keys must be ${keyChoices.join(", ")}`);
  return known;
}

/** Reloads the configuration for `by`; returns the changes. Throws ApiError if the file is refused. */
export function reloadNow(context: ApiContext, by: string): readonly string[] {
  context.log.info("reload requested", { by });
  const { ok, lines } = context.reload();
  const told = lines.map(maskText);
  if (!ok) throw new ApiError(409, "failed", `the configuration is refused: ${told.join("; ")}`);
  return told;
}
