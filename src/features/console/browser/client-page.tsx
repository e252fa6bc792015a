import { useEffect, useRef, useState } from "preact/hooks";
import { formatHostPort } from "../../../base/address.ts";
import type { ClientAnswer } from "./api-answers.ts";
import { duration, number, rate, shown } from "./format.ts";
import { isOther, KickDialog, kick } from "./kick-dialog.tsx";
import { Figures, Name, PressButton, Telling, useDeed } from "./parts.tsx";
import { addressOf } from "./route.ts";
import { usePolled } from "./server.ts";
import { t } from "./words.ts";

const CLIENT_MS = 1000;

/** One client: its program, page and URL as it names them, and what it sends and receives. */
export function ClientPage({ id, canChange }: { id: string; canChange: boolean }) {
  const { data, error, refresh } = usePolled<{ client: ClientAnswer }>(
    `/api/v1/clients/${encodeURIComponent(id)}`,
    CLIENT_MS,
  );
  const [isLeaving, setLeaving] = useState(false);
  const { told, isBusy, run } = useDeed();
  const first = useRef<ClientAnswer | undefined>(undefined);
  const last = useRef<ClientAnswer | undefined>(undefined);
  first.current ??= data?.client;
  // Another client that got the same id is not this one.
  const isGone =
    error?.status === 404 || (data !== undefined && first.current !== undefined && isOther(data.client, first.current));
  if (!isGone) last.current = data?.client ?? last.current;
  const client = last.current;
  useEffect(() => {
    if (isGone) setLeaving(false);
  }, [isGone]);
  const sendAway = async (ban: number): Promise<void> => {
    setLeaving(false);
    await run(() => kick(id, ban), t("{id} was sent away.", { id }));
    refresh();
  };
  const trouble = isGone ? t("The client is not here any more.") : error && shown(error.message);
  return (
    <>
      <p>
        <a href={addressOf("clients")}>← {t("All clients")}</a>
      </p>
      <h1>
        <Name>{id}</Name>
      </h1>
      <p role="status" class="bad">
        {trouble}
      </p>
      <Telling told={told} />
      {client === undefined ? (
        error === undefined && <p role="status">{t("Loading…")}</p>
      ) : (
        <>
          <Facts client={client} />
          <p>
            <PressButton isOff={isBusy || isGone} canChange={canChange} onPress={() => setLeaving(true)}>
              {t("Send away")}
            </PressButton>
          </p>
          {isLeaving && (
            <KickDialog client={client} onKick={(ban) => void sendAway(ban)} onCancel={() => setLeaving(false)} />
          )}
        </>
      )}
    </>
  );
}

/** What is known of the client. URLs are plain texts, as a client could name a harmful link. */
function Facts({ client }: { client: ClientAnswer }) {
  const { ip, port, publish, format, software, pageUrl, tcUrl, swfUrl, alive, kbps } = client;
  const { recv_bytes, send_bytes, lag_ms, lost_packets } = client;
  const bytes = (count: number) => `${number(count / 1e6, 1)} MB`;
  const said = (text: string) => shown(text) || "–";
  const facts: [string, string][] = [
    [t("Address"), shown(formatHostPort({ host: ip, port }))],
    [t("Kind"), `${t(publish ? "publishes" : "plays")} ${shown(format)}${client.server ? `, ${t("server")}` : ""}`],
    [t("For"), duration(alive * 1000)],
    [t("Received"), `${bytes(recv_bytes)}, ${rate(kbps.recv_30s)}`],
    [t("Sent"), `${bytes(send_bytes)}, ${rate(kbps.send_30s)}`],
    [t("Behind"), duration(lag_ms)],
    [t("Lost packets"), number(lost_packets)],
  ];
  const own: [string, string][] = [
    [t("Program"), said(software)],
    [t("Page"), said(pageUrl)],
    [t("Asked URL"), said(tcUrl)],
    ...(swfUrl === "" ? [] : [[t("Player"), said(swfUrl)] as [string, string]]),
  ];
  return (
    <>
      <p class="links">
        <a href={addressOf("streams", client.stream)}>
          <Name>{client.url}</Name>
        </a>
      </p>
      <Figures items={facts} />
      <Figures items={own} isWide />
    </>
  );
}
