import { maskText } from "../../base/mask.ts";
import type { RelayAction } from "../../live/ports/commands.ts";
import type { RelayReport } from "../../live/ports/report.ts";
import { streamLabel } from "../../live/streams.ts";
import type { ApiContext } from "./context.ts";
import { idOf, namesOf } from "./ids.ts";
import { ApiError, asked, type Operation, pageOf, pageQuery, searchOf, searchQuery } from "./operation.ts";
import type { ReportCache } from "./report-cache.ts";
import { boolean, listOf, number, object, oneOf, orNull, string, whole } from "./schema.ts";

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
  lag_ms: orNull(whole),
  bytes: whole,
  dropped: whole,
});

const origin = object({
  vhost: string,
  origin: string,
  state: oneOf("alive", "dead"),
  last_error: orNull(string),
  retry_in_ms: whole,
});

const streamQuery = { name: "stream", doc: "The id of the stream that they carry." };

const actions: readonly RelayAction[] = ["retry", "pause", "resume"];

/** Operations on connections to other servers: lists, retry, pause and resume. */
export function relayOperations(context: ApiContext, reports: ReportCache): readonly Operation[] {
  const listed = (path: string, list: string, summary: string, flow: RelayReport["flow"]): Operation => ({
    method: "GET",
    path,
    role: "read",
    summary,
    query: [
      ...pageQuery,
      searchQuery,
      streamQuery,
      { name: "failing", doc: "1: only those that have failed since they last ran." },
    ],
    answer: { [list]: listOf(relay) },
    run: (call) => {
      const isFailing = call.query.get("failing") === "1";
      const stream = call.query.get("stream");
      const matches = searchOf(call);
      const found = reports.current.relays.filter((each) => {
        if (each.flow !== flow || (isFailing && !each.failing)) return false;
        return (stream === null || stream === idOf(each.stream)) && matches(each.id, each.to, each.stream);
      });
      // Failing relays come first, as operators must look at them.
      const items = [...found.filter(({ failing }) => failing), ...found.filter(({ failing }) => !failing)];
      return { list, items, page: pageOf(call), write };
    },
  });
  return [
    listed(
      "/api/v1/forwards",
      "forwards",
      "The connections by which streams are sent to other servers; those that fail come first.",
      "push",
    ),
    listed(
      "/api/v1/upstreams",
      "upstreams",
      "The connections by which streams are fetched from origins; those that fail come first.",
      "pull",
    ),
    {
      method: "GET",
      path: "/api/v1/origins",
      role: "read",
      summary: "The origins that streams are fetched from, and which of them are dead.",
      answer: { origins: listOf(origin) },
      run: () => ({
        origins: reports.current.origins.map(({ vhost, origin: name, state, lastError, retryInMs }) => {
          return { vhost, origin: name, state, last_error: masked(lastError), retry_in_ms: retryInMs };
        }),
      }),
    },
    ...actions.map((action): Operation => actOperation(context, reports, action)),
  ];
}

function actOperation(context: ApiContext, reports: ReportCache, action: RelayAction): Operation {
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
    run: async ({ params: { id = "" }, by }) => {
      const isDone = await asked(() => context.commands().some((commands) => commands.relay(id, action)));
      reports.renew();
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

function write(of: RelayReport): object {
  return {
    id: of.id,
    flow: of.flow,
    to: of.to,
    vhost: idOf(namesOf(of.stream).vhost),
    stream: idOf(of.stream),
    url: streamLabel(of.stream),
    state: of.state,
    failing: of.failing,
    since: Math.round(of.since),
    failing_since: of.failingSince === undefined ? null : Math.round(of.failingSince),
    attempt: of.attempt,
    next_retry: of.nextRetryAt === undefined ? null : Math.round(of.nextRetryAt),
    last_error: masked(of.lastError),
    lag_ms: of.lagMs === undefined ? null : Math.round(of.lagMs),
    bytes: of.bytes,
    dropped: of.dropped,
  };
}

function masked(text: string | undefined): string | null {
  return text === undefined ? null : maskText(text);
}
