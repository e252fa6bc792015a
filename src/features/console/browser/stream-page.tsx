import { useRef, useState } from "preact/hooks";
import type { Session, SourceAnswer, StreamAnswer } from "./api-answers.ts";
import { Chart } from "./chart.tsx";
import { duration, number, rate, shown, timeOfDay } from "./format.ts";
import { ByteRate, History } from "./history.ts";
import { Badge, Figures, Name, PressButton, Telling, toneOf, useDeed } from "./parts.tsx";
import { Preview } from "./preview.tsx";
import { addressOf } from "./route.ts";
import { server, usePolled } from "./server.ts";
import { StreamState } from "./streams-page.tsx";
import { Table } from "./table.tsx";
import { t, word } from "./words.ts";

const STREAM_MS = 1000;
/** Five minutes of samples. */
const SAMPLES = 300;

/** One stream: its figures, sources, charts and a preview. */
export function StreamPage({ id, session }: { id: string; session: Session }) {
  const [history] = useState(() => ({ in: new ByteRate(), out: new ByteRate(), of: new History(2, SAMPLES) }));
  const { data, error, refresh } = usePolled<{ stream: StreamAnswer }>(
    `/api/v1/streams/${encodeURIComponent(id)}`,
    STREAM_MS,
    ({ stream: { live_ms, recv_bytes, send_bytes } }) =>
      history.of.add(live_ms, [history.in.next(live_ms, recv_bytes), history.out.next(live_ms, send_bytes)]),
  );
  const last = useRef<StreamAnswer | undefined>(undefined);
  last.current = data?.stream ?? last.current;
  const stream = last.current;
  const back = (
    <p>
      <a href={addressOf("streams")}>← {t("All streams")}</a>
    </p>
  );
  if (stream === undefined)
    return (
      <>
        {back}
        <p role="status">{error === undefined ? t("Loading…") : shown(error.message)}</p>
      </>
    );
  const name = shown(stream.url);
  const columns = history.of.columns;
  return (
    <>
      {back}
      <h1>
        <bdi>{name}</bdi>
      </h1>
      <p>
        <StreamState stream={stream} />
      </p>
      <p role="status" class="bad">
        {error === undefined || error.status === 404
          ? error && t("The stream is not here any more.")
          : shown(error.message)}
      </p>
      <StreamFigures stream={stream} />
      {stream.health.length > 0 && (
        <ul class="problems">
          {stream.health.map(({ state, since, detail }) => (
            <li key={state}>
              {word(state)}: {shown(detail)} ({timeOfDay(since)})
            </li>
          ))}
        </ul>
      )}
      <section aria-labelledby="chart-title">
        <h2 id="chart-title">{t("Bitrate and viewers")}</h2>
        <p class="legend">
          <span class="line-in">{t("in {rate}", { rate: rate(columns[1]?.at(-1) ?? null) })}</span>
          <span class="line-out">{t("out {rate}", { rate: rate(columns[2]?.at(-1) ?? null) })}</span>
          <span>{t("{n} viewers", { n: stream.viewers })}</span>
        </p>
        <Chart
          label={t("Bitrate of {name} over the last minutes", { name })}
          columns={columns}
          lines={[
            { label: t("In"), colour: "--accent" },
            { label: t("Out"), colour: "--second" },
          ]}
          height={150}
          format={rate}
        />
      </section>
      <section aria-labelledby="sources-title">
        <h2 id="sources-title">{t("Sources")}</h2>
        <Sources stream={stream} canChange={session.role === "admin"} onChange={refresh} />
      </section>
      <section aria-labelledby="preview-title">
        <h2 id="preview-title">{t("Preview")}</h2>
        <Preview stream={stream} session={session} />
      </section>
    </>
  );
}

function StreamFigures({ stream }: { stream: StreamAnswer }) {
  const { video, audio, since, gop_ms, lost_packets, lag_ms, age_ms, fps, viewers, source_switches, id } = stream;
  const size = video?.width && video.height ? `, ${video.width}×${video.height}` : "";
  const figures: [string, string][] = [
    [t("Viewers"), number(viewers)],
    [
      t("Video"),
      video === null
        ? "–"
        : `${shown(video.codec)} ${shown(video.profile)}${size}, ${t("{n} fps", { n: Math.round(fps) })}`,
    ],
    [
      t("Audio"),
      audio === null ? "–" : `${shown(audio.codec)}, ${number(audio.sample_rate)} Hz × ${number(audio.channel)}`,
    ],
    [t("Key frames every"), gop_ms === 0 ? "–" : duration(gop_ms)],
    [t("Since"), since === null ? "–" : timeOfDay(since)],
    [t("Age"), duration(age_ms)],
    [t("Slowest viewer"), t("{time} behind", { time: duration(lag_ms) })],
    [t("Lost packets"), number(lost_packets)],
    [t("Changes of source"), number(source_switches)],
  ];
  return (
    <>
      <Figures items={figures} />
      <p class="links">
        <a href={addressOf("clients", "", { stream: id })}>{t("Its clients")}</a>
        <a href={addressOf("relays", "", { stream: id })}>{t("Its relays")}</a>
      </p>
    </>
  );
}

function Sources({ stream, canChange, onChange }: { stream: StreamAnswer; canChange: boolean; onChange(): void }) {
  const { told, isBusy, run } = useDeed();
  const activate = async (source: string): Promise<void> => {
    const path = `/api/v1/streams/${encodeURIComponent(stream.id)}/switch`;
    await run(() => server.call("POST", path, { source }), t("{id} is active now.", { id: source }));
    onChange();
  };
  return (
    <>
      <Table<SourceAnswer>
        caption={t("Sources")}
        items={stream.sources}
        keyOf={({ id }) => id}
        columns={[
          { title: t("Source"), cell: ({ id }) => <Name>{id}</Name> },
          { title: t("State"), cell: ({ role }) => <Badge state={role} tone={toneOf(role)} /> },
          { title: t("Via"), cell: ({ via }) => word(via) },
          { title: t("Address"), cell: ({ ip }) => <Name>{ip}</Name> },
          { title: t("Since"), cell: ({ since }) => timeOfDay(since) },
          { title: t("Silent for"), numeric: true, cell: ({ silent_ms }) => duration(silent_ms) },
          {
            title: t("Actions"),
            cell: ({ id, role }) =>
              role === "standby" && (
                <PressButton
                  isOff={isBusy}
                  canChange={canChange}
                  label={t("Make active: {id}", { id })}
                  onPress={() => void activate(id)}
                >
                  {t("Make active")}
                </PressButton>
              ),
          },
        ]}
      />
      <Telling told={told} />
    </>
  );
}
