import { UserError } from "../../base/errors.ts";
import { maskText } from "../../base/mask.ts";
import type { AddedTarget, RelayAction, RelayReport } from "../../live/ports/feature.ts";
import type { ApiContext } from "./context.ts";
import { idOf, namesOf } from "./ids.ts";
import { type ApiCall, ApiError, type Operation, pageOf, pageQuery, textsOf } from "./operation.ts";
import { boolean, listOf, number, object, oneOf, orNull, string, whole } from "./schema.ts";
import { streamUrl } from "./streams.ts";

const relay = object({
  id: string,
  flow: oneOf("push", "pull"),
  to: string,
  vhost: string,
  stream: string,
  url: string,
  state: oneOf("stopped", "connecting", "running", "waiting", "paused"),
  failing: boolean,
  since: number,
  failing_since: orNull(number),
  attempt: whole,
  next_retry: orNull(number),
  last_error: orNull(string),
  lag_ms: whole,
  bytes: whole,
  dropped: whole,
});

const target = object({
  id: string,
  target: string,
  vhost: orNull(string),
  app: orNull(string),
  stream: orNull(string),
});

const origin = object({
  vhost: string,
  origin: string,
  state: oneOf("alive", "dead"),
  last_error: orNull(string),
  retry_in_ms: whole,
});

const actions: readonly RelayAction[] = ["retry", "pause", "resume"];

/** What the API says of connections to other servers, and what operators do with them. */
export function relayOperations(context: ApiContext): readonly Operation[] {
  const listed = (path: string, list: string, summary: string, flow: RelayReport["flow"]): Operation => ({
    method: "GET",
    path,
    role: "read",
    summary,
    query: [...pageQuery, { name: "failing", doc: "1: only those that have failed since they last ran." }],
    answer: { [list]: listOf(relay) },
    run: (call) => {
      const isFailing = call.query.get("failing") === "1";
      const all = context.report().relays.filter((each) => each.flow === flow && (!isFailing || each.failing));
      return { list, items: pageOf(all, call), write };
    },
  });
  return [
    listed("/api/v1/forwards", "forwards", "The connections by which streams are sent to other servers.", "push"),
    listed("/api/v1/upstreams", "upstreams", "The connections by which streams are fetched from origins.", "pull"),
    {
      method: "GET",
      path: "/api/v1/origins",
      role: "read",
      summary: "The origins that streams are fetched from, and which of them are dead.",
      answer: { origins: listOf(origin) },
      run: () => ({
        origins: context.report().origins.map(({ vhost, origin: name, state, lastError, retryInMs }) => {
          return { vhost, origin: name, state, last_error: masked(lastError), retry_in_ms: retryInMs };
        }),
      }),
    },
    ...actions.map((action): Operation => actOperation(context, action)),
    {
      method: "GET",
      path: "/api/v1/targets",
      role: "read",
      summary: "The forward targets that were added while the server runs.",
      answer: { targets: listOf(target) },
      run: () => ({
        targets: context.commands().flatMap(({ targets }) => targets?.list().map(writeTarget) ?? []),
      }),
    },
    {
      method: "POST",
      path: "/api/v1/targets",
      role: "admin",
      summary:
        "Adds a forward target, for one stream, an app, a vhost or all, until it is removed or the server stops.",
      body: { ...object({ target: string, vhost: string, app: string, stream: string }), required: ["target"] },
      answer: { target },
      run: (call) => ({ target: writeTarget(add(context, call)) }),
    },
    {
      method: "DELETE",
      path: "/api/v1/targets/{id}",
      role: "admin",
      summary: "Removes a forward target that was added.",
      answer: {},
      run: ({ params: { id = "" }, by }) => {
        if (!context.commands().some(({ targets }) => targets?.remove(id)))
          throw new ApiError(
            404,
            "target",
            "no target of this id was added; GET /api/v1/targets lists those that were",
          );
        context.log.info("forward target removed", { by, target: id });
        return {};
      },
    },
  ];
}

function actOperation(context: ApiContext, action: RelayAction): Operation {
  const summaries = {
    retry: "Makes the next attempt of a forward or an upstream now.",
    pause: "Ends a forward's session and makes no attempts, until it is resumed.",
    resume: "Lets a paused forward go on.",
  };
  return {
    method: "POST",
    path: `/api/v1/forwards/{id}/${action}`,
    role: "admin",
    summary: summaries[action],
    answer: {},
    run: ({ params: { id = "" }, by }) => {
      const isDone = context.commands().some((commands) => asked(() => commands.relay(id, action)));
      if (!isDone)
        throw new ApiError(
          404,
          "relay",
          "there is no forward of this id now; GET /api/v1/forwards lists those that are",
        );
      context.log.info("forward changed by hand", { by, forward: id, action });
      return {};
    },
  };
}

function add(context: ApiContext, { body, by }: ApiCall): AddedTarget {
  const { target: text, vhost, app, stream } = textsOf(body, ["target", "vhost", "app", "stream"]);
  if (text === undefined) throw new ApiError(400, "input", "the body must have a target");
  if (vhost !== undefined && ![...context.vhosts()].some(({ name }) => name === vhost))
    throw new ApiError(404, "vhost", "the configuration has no vhost of this name");
  const targets = context.commands().find((commands) => commands.targets !== undefined)?.targets;
  if (targets === undefined) throw new ApiError(501, "failed", "this server has no forwards");
  const added = asked(() => targets.add({ target: text, vhost, app, stream }));
  context.log.info("forward target added", { by, id: added.id, to: added.target, vhost, app, stream });
  return added;
}

/** What features refuse is the caller's mistake. */
function asked<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof UserError) throw new ApiError(400, "input", error.message);
    throw error;
  }
}

function write(of: RelayReport): object {
  return {
    id: of.id,
    flow: of.flow,
    to: of.to,
    vhost: idOf(namesOf(of.stream).vhost),
    stream: idOf(of.stream),
    url: streamUrl(of.stream),
    state: of.state,
    failing: of.failing,
    since: Math.round(of.since),
    failing_since: of.failingSince === undefined ? null : Math.round(of.failingSince),
    attempt: of.attempt,
    next_retry: of.nextRetryAt === undefined ? null : Math.round(of.nextRetryAt),
    last_error: masked(of.lastError),
    lag_ms: Math.round(of.lagMs),
    bytes: of.bytes,
    dropped: of.dropped,
  };
}

function writeTarget({ id, target: text, vhost, app, stream }: AddedTarget): object {
  return { id, target: text, vhost: vhost ?? null, app: app ?? null, stream: stream ?? null };
}

function masked(text: string | undefined): string | null {
  return text === undefined ? null : maskText(text);
}
