import { useEffect, useState } from "preact/hooks";
import type { ClientAnswer } from "./api-answers.ts";
import { BansView } from "./bans-view.tsx";
import { duration, number, rate, shown } from "./format.ts";
import { isOther, KickDialog, kick } from "./kick-dialog.tsx";
import { Badge, Filter, Name, PressButton, Search, Telling, useDeed } from "./parts.tsx";
import { addressOf } from "./route.ts";
import { usePolled } from "./server.ts";
import { PAGE_SIZE, Pager, pageQuery, Table } from "./table.tsx";
import { t } from "./words.ts";

const CLIENTS_MS = 2000;

/** Publishers and players, page by page. `stream`: the id of the only stream to show; "" for all. */
export function ClientsPage({ stream, canChange }: { stream: string; canChange: boolean }) {
  const [view, setView] = useState({ search: "", slow: false, servers: false, start: 0 });
  const { search, slow, servers, start } = view;
  const [leaving, setLeaving] = useState<ClientAnswer | undefined>();
  const { told, isBusy, run } = useDeed();
  const filters = { search, stream, slow: slow ? "1" : "", server: servers ? "1" : "" };
  const path = `/api/v1/clients?${pageQuery(start, filters)}`;
  const { data, error, refresh } = usePolled<{ clients: readonly ClientAnswer[] }>(path, CLIENTS_MS);
  const now = data?.clients.find(({ id }) => id === leaving?.id);
  const hasLeft = now !== undefined && leaving !== undefined && isOther(now, leaving);
  useEffect(() => {
    if (hasLeft) setLeaving(undefined);
  }, [hasLeft]);
  const sendAway = async ({ id }: ClientAnswer, ban: number): Promise<void> => {
    setLeaving(undefined);
    await run(() => kick(id, ban), t("{id} was sent away.", { id }));
    refresh();
  };
  return (
    <>
      <h1>{t("Clients")}</h1>
      <div class="filters">
        <Search value={search} onValue={(value) => setView({ ...view, search: value, start: 0 })} />
        <Filter label={t("Only slow")} on={slow} onChange={(on) => setView({ ...view, slow: on, start: 0 })} />
        <Filter label={t("Only servers")} on={servers} onChange={(on) => setView({ ...view, servers: on, start: 0 })} />
        {stream !== "" && <a href={addressOf("streams", stream)}>{t("Stream")}</a>}
      </div>
      <Telling told={told} />
      <Table
        caption={t("Clients")}
        items={data?.clients.slice(0, PAGE_SIZE)}
        error={error?.status === 404 ? { ...error, message: t("The stream is not here any more.") } : error}
        keyOf={({ id }) => id}
        columns={[
          {
            title: t("Client"),
            cell: ({ id }) => (
              <a href={addressOf("clients", id)}>
                <Name>{id}</Name>
              </a>
            ),
          },
          {
            title: t("Address"),
            cell: ({ ip }) => (
              <div class="address">
                <Name>{ip}</Name>
              </div>
            ),
          },
          {
            title: t("Stream"),
            cell: ({ url, stream: of }) => (
              <a href={addressOf("streams", of)}>
                <Name>{url}</Name>
              </a>
            ),
          },
          { title: t("Kind"), cell: (client) => <Kind client={client} /> },
          { title: t("Program"), cell: ({ software }) => <Name>{software}</Name> },
          { title: t("For"), numeric: true, cell: ({ alive }) => duration(alive * 1000) },
          { title: t("In"), numeric: true, cell: ({ kbps }) => rate(kbps.recv_30s) },
          { title: t("Out"), numeric: true, cell: ({ kbps }) => rate(kbps.send_30s) },
          { title: t("Behind"), numeric: true, cell: ({ lag_ms }) => duration(lag_ms) },
          { title: t("Lost"), numeric: true, cell: ({ lost_packets }) => number(lost_packets) },
          {
            title: t("Actions"),
            cell: (client) => (
              <PressButton
                isOff={isBusy}
                canChange={canChange}
                label={t("Send away: {id}", { id: client.id })}
                onPress={() => setLeaving(client)}
              >
                {t("Send away")}
              </PressButton>
            ),
          },
        ]}
      />
      <Pager start={start} count={data?.clients.length ?? 0} onStart={(at) => setView({ ...view, start: at })} />
      <BansView canChange={canChange} />
      {leaving !== undefined && (
        <KickDialog
          client={leaving}
          onKick={(ban) => void sendAway(leaving, ban)}
          onCancel={() => setLeaving(undefined)}
        />
      )}
    </>
  );
}

function Kind({ client: { publish, server: isServer, format } }: { client: ClientAnswer }) {
  return (
    <>
      {t(publish ? "publishes" : "plays")} {shown(format)} {isServer && <Badge tone="calm">{t("server")}</Badge>}
    </>
  );
}
