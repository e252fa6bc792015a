import { useState } from "preact/hooks";
import type { StreamAnswer } from "./api-answers.ts";
import { Chart } from "./chart.tsx";
import { duration, number, rate, shown } from "./format.ts";
import { ByteRate, History, Kept } from "./history.ts";
import { Badge, Filter, Search } from "./parts.tsx";
import { addressOf } from "./route.ts";
import { usePolled } from "./server.ts";
import { PAGE_SIZE, Pager, pageQuery, Table } from "./table.tsx";
import { t, word } from "./words.ts";

const STREAMS_MS = 2000;
/** Maximum number of streams whose bitrates are kept, and samples of each: four minutes. */
const MAX_STREAMS = 500;
const SAMPLES = 120;

/** Bitrates of the streams that the page has shown. */
const rates = new Kept(MAX_STREAMS, () => ({ rate: new ByteRate(), history: new History(1, SAMPLES) }));

/** All streams, page by page. */
export function StreamsPage({ params }: { params: URLSearchParams }) {
  const [view, setView] = useState({ search: "", unhealthy: params.get("unhealthy") === "1", start: 0 });
  const { search, unhealthy, start } = view;
  const query = pageQuery(start, { search, unhealthy: unhealthy ? "1" : "" });
  const { data, error } = usePolled<{ streams: readonly StreamAnswer[] }>(
    `/api/v1/streams?${query}`,
    STREAMS_MS,
    ({ streams }) => {
      for (const { id, live_ms, recv_bytes } of streams) {
        const of = rates.of(id);
        of.history.add(live_ms, [of.rate.next(live_ms, recv_bytes)]);
      }
    },
  );
  return (
    <>
      <h1>{t("Streams")}</h1>
      <div class="filters">
        <Search value={search} onValue={(value) => setView({ ...view, search: value, start: 0 })} />
        <Filter
          label={t("Only unhealthy")}
          on={unhealthy}
          onChange={(on) => setView({ ...view, unhealthy: on, start: 0 })}
        />
      </div>
      <Table
        caption={t("Streams")}
        items={data?.streams.slice(0, PAGE_SIZE)}
        error={error}
        keyOf={({ id }) => id}
        columns={[
          {
            title: t("Stream"),
            cell: (stream) => (
              <a href={addressOf("streams", stream.id)}>
                <bdi>{shown(stream.url)}</bdi>
              </a>
            ),
          },
          { title: t("State"), cell: (stream) => <StreamState stream={stream} /> },
          { title: t("Viewers"), numeric: true, cell: ({ viewers }) => number(viewers) },
          { title: t("In"), numeric: true, cell: ({ kbps }) => rate(kbps.recv_30s) },
          { title: t("Out"), numeric: true, cell: ({ kbps }) => rate(kbps.send_30s) },
          { title: t("Frames"), numeric: true, cell: ({ fps }) => t("{n} fps", { n: Math.round(fps) }) },
          { title: t("Age"), numeric: true, cell: ({ age_ms }) => duration(age_ms) },
          {
            title: t("Trend"),
            cell: (stream) => (
              <Chart
                small
                height={28}
                label={t("Bitrate of {name} over the last minutes", { name: shown(stream.url) })}
                columns={rates.of(stream.id).history.columns}
                lines={[{ label: t("In"), colour: "--accent" }]}
              />
            ),
          },
        ]}
      />
      <Pager start={start} count={data?.streams.length ?? 0} onStart={(at) => setView({ ...view, start: at })} />
    </>
  );
}

/** A stream's state: live or not, and what is wrong with it. */
export function StreamState({ stream: { publish, health } }: { stream: StreamAnswer }) {
  return (
    <>
      <Badge tone={publish.active ? "good" : "calm"}>{t(publish.active ? "live" : "nobody publishes")}</Badge>{" "}
      {health.map(({ state }) => (
        <Badge key={state} tone="warn">
          {word(state)}
        </Badge>
      ))}
    </>
  );
}
