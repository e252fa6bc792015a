import type { AddedTarget } from "../../live/ports/commands.ts";
import type { ApiContext } from "./context.ts";
import { type ApiCall, ApiError, asked, type Operation, textsOf } from "./operation.ts";
import { boolean, listOf, object, orNull, string } from "./schema.ts";

const target = object({
  id: string,
  target: string,
  vhost: orNull(string),
  app: orNull(string),
  stream: orNull(string),
  keep: boolean,
});

const request = object({ target: string, vhost: string, app: string, stream: string, keep: boolean });

/** Forward targets that operators add and remove while the server runs. */
export function targetOperations(context: ApiContext): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/targets",
      role: "read",
      summary: "The forward targets that were added while the server runs, or are kept from before.",
      answer: { targets: listOf(target) },
      run: () => ({ targets: context.commands().flatMap(({ targets }) => targets?.list().map(write) ?? []) }),
    },
    {
      method: "POST",
      path: "/api/v1/targets",
      role: "admin",
      summary:
        "Adds a forward target, for one stream, an app, a vhost or all, until it is removed or the server stops; with keep, also after a restart.",
      body: { ...request, required: ["target"] },
      answer: { target },
      run: async (call) => ({ target: write(await add(context, call)) }),
    },
    {
      method: "DELETE",
      path: "/api/v1/targets/{id}",
      role: "admin",
      summary: "Removes a forward target that was added.",
      answer: {},
      run: async ({ params: { id = "" }, by }) => {
        for (const { targets } of context.commands()) {
          if (!(await asked(async () => (await targets?.remove(id)) === true))) continue;
          context.log.info("forward target removed", { by, target: id });
          return {};
        }
        throw new ApiError(404, "target", "no target of this id was added; GET /api/v1/targets lists those that were");
      },
    },
  ];
}

async function add(context: ApiContext, { body, by }: ApiCall): Promise<AddedTarget> {
  const { keep = false, ...texts } = isObject(body) ? body : { ...textsOf(body, []) };
  if (typeof keep !== "boolean") throw new ApiError(400, "input", "keep must be true or false");
  const { target: text, vhost, app, stream } = textsOf(texts, ["target", "vhost", "app", "stream"]);
  if (text === undefined) throw new ApiError(400, "input", "the body must have a target");
  if (vhost !== undefined && ![...context.vhosts()].some(({ name }) => name === vhost))
    throw new ApiError(404, "vhost", "the configuration has no vhost of this name");
  const targets = context.commands().find((commands) => commands.targets !== undefined)?.targets;
  if (targets === undefined) throw new ApiError(501, "failed", "this server has no forwards");
  const added = await asked(() => targets.add({ target: text, vhost, app, stream, keep }));
  context.log.info("forward target added", { by, id: added.id, to: added.target, vhost, app, stream, keep });
  return added;
}

function isObject(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

function write({ id, target: text, vhost, app, stream, keep }: AddedTarget): object {
  return { id, target: text, vhost: vhost ?? null, app: app ?? null, stream: stream ?? null, keep };
}
