import { useState } from "preact/hooks";
import type { OriginAnswer, RelayAnswer } from "./api-answers.ts";
import { duration, number, shown, timeOfDay } from "./format.ts";
import { Badge, Filter, Name, PressButton, Search, Telling, toneOf, useDeed } from "./parts.tsx";
import { addressOf } from "./route.ts";
import { server, usePolled } from "./server.ts";
import { PAGE_SIZE, Pager, pageQuery, Table } from "./table.tsx";
import { TargetsView } from "./targets-view.tsx";
import { type Text, t } from "./words.ts";

const RELAYS_MS = 1000;
const ORIGINS_MS = 3000;

const actions = {
  retry: { name: "Retry", label: "Retry {id}" },
  pause: { name: "Pause", label: "Pause {id}" },
  resume: { name: "Resume", label: "Resume {id}" },
} as const satisfies Readonly<Record<string, { readonly name: Text; readonly label: Text }>>;
type Action = keyof typeof actions;

/** Connections to other servers, with their actions. `stream`: the id of the only stream to show; "" for all. */
export function RelaysPage({ stream, canChange }: { stream: string; canChange: boolean }) {
  const [search, setSearch] = useState("");
  const [failing, setFailing] = useState(false);
  const filters = { search, stream, failing: failing ? "1" : "" };
  const { told, isBusy, run } = useDeed();
  const act = (id: string, action: Action) =>
    run(() => server.call("POST", `/api/v1/forwards/${encodeURIComponent(id)}/${action}`), t("{id}: done.", { id }));
  const shared = { filters, onAct: act, isBusy, canChange };
  return (
    <>
      <h1>{t("Relays")}</h1>
      <div class="filters">
        <Search value={search} onValue={setSearch} />
        <Filter label={t("Only failing")} on={failing} onChange={setFailing} />
        {stream !== "" && <a href={addressOf("streams", stream)}>{t("Stream")}</a>}
      </div>
      <Telling told={told} />
      <Relays key={`forwards ${JSON.stringify(filters)}`} list="forwards" title={t("Forwards")} {...shared} />
      <Relays key={`upstreams ${JSON.stringify(filters)}`} list="upstreams" title={t("Upstreams")} {...shared} />
      <Origins />
      <TargetsView canChange={canChange} />
    </>
  );
}

interface RelaysProps {
  readonly list: "forwards" | "upstreams";
  readonly title: string;
  readonly filters: Readonly<Record<string, string>>;
  readonly canChange: boolean;
  readonly isBusy: boolean;
  onAct(id: string, action: Action): Promise<void>;
}

function Relays({ list, title, filters, canChange, isBusy, onAct }: RelaysProps) {
  const [start, setStart] = useState(0);
  const { data, error, refresh } = usePolled<Record<string, readonly RelayAnswer[]>>(
    `/api/v1/${list}?${pageQuery(start, filters)}`,
    RELAYS_MS,
  );
  const items = data?.[list];
  const buttonsOf = ({ state, flow }: RelayAnswer): Action[] => {
    if (state === "paused") return ["resume"];
    const pause: Action[] = flow === "push" ? ["pause"] : [];
    return state === "waiting" ? ["retry", ...pause] : pause;
  };
  return (
    <section aria-labelledby={`${list}-title`}>
      <h2 id={`${list}-title`}>{title}</h2>
      <Table
        caption={title}
        items={items?.slice(0, PAGE_SIZE)}
        error={error}
        keyOf={({ id }) => id}
        columns={[
          { title: t("Relay"), cell: ({ id }) => <Name>{id}</Name> },
          { title: t("Stream"), cell: ({ url }) => <Name>{url}</Name> },
          {
            title: t("Other side"),
            cell: ({ to }) => (
              <div class="peer">
                <Name>{to}</Name>
              </div>
            ),
          },
          { title: t("State"), cell: (relay) => <RelayState relay={relay} /> },
          { title: t("Since"), cell: ({ since }) => timeOfDay(since) },
          { title: t("Behind"), numeric: true, cell: ({ lag_ms }) => duration(lag_ms) },
          { title: t("Sent"), numeric: true, cell: ({ bytes }) => `${number(bytes / 1e6, 1)} MB` },
          { title: t("Dropped"), numeric: true, cell: ({ dropped }) => number(dropped) },
          {
            title: t("Actions"),
            cell: (relay) => (
              <div class="buttons">
                {buttonsOf(relay).map((action) => (
                  // "Pause" and "Resume" are one button, which keeps the focus.
                  <PressButton
                    key={action === "retry"}
                    isOff={isBusy}
                    canChange={canChange}
                    label={t(actions[action].label, { id: relay.id })}
                    onPress={() => void onAct(relay.id, action).then(refresh)}
                  >
                    {t(actions[action].name)}
                  </PressButton>
                ))}
              </div>
            ),
          },
        ]}
      />
      <Pager start={start} count={items?.length ?? 0} onStart={setStart} />
    </section>
  );
}

function RelayState({ relay: { state, failing, attempt, next_retry, last_error } }: { relay: RelayAnswer }) {
  const wait = next_retry === null ? "" : duration(Math.max(0, next_retry - Date.now()));
  return (
    <>
      <Badge state={state} tone={failing ? "bad" : toneOf(state)} />
      {last_error !== null && <div class="error">{shown(last_error)}</div>}
      {wait !== "" && (
        <div class="soft">
          {t("Next attempt")}: {wait} ({t("Attempt")} {number(attempt)})
        </div>
      )}
    </>
  );
}

function Origins() {
  const { data, error } = usePolled<{ origins: readonly OriginAnswer[] }>("/api/v1/origins", ORIGINS_MS);
  if (error === undefined && (data?.origins.length ?? 0) === 0) return null;
  return (
    <section aria-labelledby="origins-title">
      <h2 id="origins-title">{t("Origins")}</h2>
      <Table
        caption={t("Origins")}
        items={data?.origins}
        error={error}
        keyOf={({ vhost, origin }) => `${vhost} ${origin}`}
        columns={[
          { title: t("Origin"), cell: ({ origin }) => <Name>{origin}</Name> },
          { title: "vhost", cell: ({ vhost }) => <Name>{vhost}</Name> },
          { title: t("State"), cell: ({ state }) => <Badge state={state} tone={toneOf(state)} /> },
          { title: t("Error"), cell: ({ last_error }) => (last_error === null ? "" : shown(last_error)) },
          {
            title: t("Next attempt"),
            numeric: true,
            cell: ({ retry_in_ms }) => (retry_in_ms > 0 ? duration(retry_in_ms) : ""),
          },
        ]}
      />
    </section>
  );
}
