import { parse } from "smol-toml";
import { maskText } from "../../base/mask.ts";
import type { ApiContext, ConfigState } from "./context.ts";
import { idOf } from "./ids.ts";
import { ApiError, errorCodes, type Operation } from "./operation.ts";
import { reloadNow } from "./process-operations.ts";
import { boolean, listOf, object, string, whole } from "./schema.ts";

const rawApi = object({ enabled: boolean, allow_reload: boolean, allow_query: boolean, allow_update: boolean });

/** SRS's numbers for the state of a reload: none yet, and finished. */
const reloadStates = { none: 0, finished: 90 } as const;

/** SRS's raw API, as far as it reads the configuration and reloads. SRS's console asks it what it may show. */
export function rawOperations(context: ApiContext): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/raw",
      role: "read",
      summary: "SRS's raw API: the configuration in effect, without its secrets, by this server's keys.",
      query: [
        {
          name: "rpc",
          doc: "raw: what this API allows; query: the configuration; reload-fetch: what became of the last reload.",
          required: true,
        },
        { name: "scope", doc: "For query: global, minimal, or vhost with the name of one." },
        { name: "vhost", doc: "For query with the scope vhost: its name." },
      ],
      answer: {},
      choices: {
        http_api: object({ enabled: boolean, listen: string, crossdomain: boolean, raw_api: rawApi }),
        global: {
          type: "object",
          description: "The keys of the root and its tables; vhosts with id, name and enabled.",
        },
        minimal: object({ listen: listOf(string) }),
        vhost: { type: "object", description: "The keys of one vhost." },
        data: object({ err: whole, msg: string, state: whole, rid: string }),
      },
      run: ({ query }) => {
        const rpc = query.get("rpc");
        if (rpc === "raw") return { http_api: describe(context) };
        if (rpc === "query") return queried(context, query);
        if (rpc === "reload-fetch") return { data: reloadOf(context.configState()) };
        throw new ApiError(
          400,
          "input",
          "rpc must be raw, query, reload-fetch, or reload; nothing else is done by this API",
        );
      },
    },
    {
      method: "POST",
      path: "/api/v1/raw",
      role: "admin",
      summary: "SRS's raw API: reloads. SRS takes GET for it, which here only pages of the same host may use.",
      query: [{ name: "rpc", doc: "reload.", required: true }],
      answer: {},
      run: ({ query, by }) => {
        if (query.get("rpc") !== "reload")
          throw new ApiError(400, "input", "rpc must be reload where a call is a POST");
        reloadNow(context, by);
        return {};
      },
    },
  ];
}

function describe(context: ApiContext): object {
  const { http_api } = tablesOf(context);
  const listen = isTable(http_api) ? http_api.listen : "";
  const raw_api = { enabled: true, allow_reload: true, allow_query: true, allow_update: false };
  return { enabled: true, listen: [listen].flat().join(" "), crossdomain: false, raw_api };
}

function queried(context: ApiContext, query: URLSearchParams): Readonly<Record<string, unknown>> {
  const { vhost, ...global } = tablesOf(context);
  const vhosts = isTable(vhost) ? vhost : {};
  const head = (name: string) => ({ id: idOf(name), name });
  const scope = query.get("scope");
  if (scope === "global") {
    const enabled = (each: unknown) => isTable(each) && each.enabled !== false;
    const list = Object.entries(vhosts).map(([name, each]) => [name, { ...head(name), enabled: enabled(each) }]);
    return { global: { ...global, vhosts: Object.fromEntries(list) } };
  }
  // SRS's console asks for this on each of its pages.
  if (scope === "minimal") return { minimal: { listen: [global.listen].flat().map(String) } };
  if (scope !== "vhost") throw new ApiError(400, "input", "scope must be global, minimal or vhost");
  const name = query.get("vhost") ?? "";
  const found = Object.hasOwn(vhosts, name) ? vhosts[name] : undefined;
  if (!isTable(found))
    throw new ApiError(404, "vhost", "there is no vhost of this name; GET /api/v1/vhosts lists those that are");
  return { vhost: { ...head(name), ...found } };
}

function reloadOf({ reloads, refused }: ConfigState): object {
  const state = reloads === 0 && refused === undefined ? reloadStates.none : reloadStates.finished;
  const err = refused === undefined ? 0 : errorCodes.failed;
  return { err, msg: refused?.lines.map(maskText).join("; ") ?? "", state, rid: String(reloads) };
}

/** The configuration in effect as tables, without secrets. */
function tablesOf(context: ApiContext): Readonly<Record<string, unknown>> {
  return parse(context.effectiveConfig());
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
