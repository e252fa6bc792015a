import type { HookAnswer, LimitsAnswer, StreamAnswer, TranscoderAnswer } from "./api-answers.ts";
import { number, shown, timeOfDay } from "./format.ts";
import { Badge, Name } from "./parts.tsx";
import { addressOf } from "./route.ts";
import { usePolled } from "./server.ts";
import { Table } from "./table.tsx";
import { t, word } from "./words.ts";

const HEALTH_MS = 2000;
const OTHER_MS = 5000;
/** Maximum number of items of each kind. */
const MAX_SHOWN = 100;
/** Maximum number of streams; the list of streams has the others. */
const MAX_STREAMS = 25;

/** What is wrong with streams, and what else needs a look: limits, transcoders, hooks, refusals. */
export function HealthPage() {
  const failing = `failing=1&count=${MAX_SHOWN}`;
  const streams = usePolled<{ streams: readonly StreamAnswer[] }>(
    `/api/v1/streams?unhealthy=1&count=${MAX_STREAMS + 1}`,
    HEALTH_MS,
  );
  const limits = usePolled<LimitsAnswer>("/api/v1/limits", OTHER_MS);
  const transcoders = usePolled<{ transcoders: readonly TranscoderAnswer[] }>(
    `/api/v1/transcoders?${failing}`,
    OTHER_MS,
  );
  const hooks = usePolled<{ hooks: readonly HookAnswer[] }>(`/api/v1/hooks?${failing}`, OTHER_MS);
  const hasMore = (streams.data?.streams.length ?? 0) > MAX_STREAMS;
  const rows = streams.data?.streams
    .slice(0, MAX_STREAMS)
    .flatMap((stream) => stream.health.map((health) => ({ stream, health })));
  return (
    <>
      <h1>{t("Health")}</h1>
      <Part id="streams" title={t("Unhealthy streams")}>
        <Table
          caption={t("Unhealthy streams")}
          items={rows}
          error={streams.error}
          keyOf={({ stream, health }) => `${stream.id} ${health.state}`}
          columns={[
            {
              title: t("Stream"),
              cell: ({ stream }) => (
                <a href={addressOf("streams", stream.id)}>
                  <bdi>{shown(stream.url)}</bdi>
                </a>
              ),
            },
            { title: t("State"), cell: ({ health }) => <Badge tone="warn">{word(health.state)}</Badge> },
            { title: t("What was found"), cell: ({ health }) => shown(health.detail) },
            { title: t("Since"), cell: ({ health }) => timeOfDay(health.since) },
          ]}
        />
        {hasMore && <a href={addressOf("streams", "", { unhealthy: "1" })}>{t("All unhealthy streams")}</a>}
      </Part>
      <Part id="limits" title={t("Near a limit")}>
        <Table
          caption={t("Near a limit")}
          items={limits.data?.near}
          error={limits.error}
          keyOf={({ limit, of }) => `${limit} ${of}`}
          columns={[
            { title: t("Limit"), cell: ({ limit }) => shown(limit) },
            { title: t("Of"), cell: ({ of }) => <Name>{of || t("This server")}</Name> },
            { title: t("Used"), numeric: true, cell: ({ now, max }) => `${number(now)} / ${number(max)}` },
          ]}
        />
      </Part>
      <Part id="transcoders" title={t("Failing transcoders")}>
        <Table
          caption={t("Failing transcoders")}
          items={transcoders.data?.transcoders}
          error={transcoders.error}
          keyOf={({ url, engines }) => `${url} ${engines}`}
          columns={[
            { title: t("Stream"), cell: ({ url }) => <Name>{url}</Name> },
            { title: t("Engines"), cell: ({ engines }) => <Name>{engines}</Name> },
            { title: t("State"), cell: ({ state }) => word(state) },
            { title: t("Error"), cell: ({ last_error }) => shown(last_error ?? "") },
          ]}
        />
      </Part>
      <Part id="hooks" title={t("Failing hooks")}>
        <Table
          caption={t("Failing hooks")}
          items={hooks.data?.hooks}
          error={hooks.error}
          keyOf={({ event, to }) => `${event} ${to}`}
          columns={[
            { title: t("Hook"), cell: ({ event }) => shown(event) },
            { title: t("Other side"), cell: ({ to }) => <Name>{to}</Name> },
            { title: t("Error"), cell: ({ last_error }) => shown(last_error ?? "") },
            { title: t("Dropped"), numeric: true, cell: ({ dropped }) => number(dropped) },
          ]}
        />
      </Part>
      <Part id="refusals" title={t("Refusals")}>
        <Table
          caption={t("Refusals")}
          items={limits.data && Object.entries(limits.data.refused).toSorted(([, a], [, b]) => b - a)}
          error={limits.error}
          keyOf={([rule]) => rule}
          columns={[
            { title: t("Rule"), cell: ([rule]) => shown(rule) },
            { title: t("Number"), numeric: true, cell: ([, count]) => number(count) },
          ]}
        />
      </Part>
    </>
  );
}

function Part({ id, title, children }: { id: string; title: string; children: preact.ComponentChildren }) {
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}
