import type { BanAnswer } from "./api-answers.ts";
import { duration, shown } from "./format.ts";
import { Name, PressButton, Telling, useDeed } from "./parts.tsx";
import { server, usePolled } from "./server.ts";
import { Table } from "./table.tsx";
import { t } from "./words.ts";

const BANS_MS = 2000;
const MAX_SHOWN = 100;

/** Addresses that are banned from a stream since a client was kicked, and lifting these bans. */
export function BansView({ canChange }: { canChange: boolean }) {
  const { data, refresh } = usePolled<{ bans: readonly BanAnswer[] }>(`/api/v1/bans?count=${MAX_SHOWN}`, BANS_MS);
  const { told, isBusy, run } = useDeed();
  const end = async ({ id, ip }: BanAnswer): Promise<void> => {
    await run(() => server.call("DELETE", `/api/v1/bans/${encodeURIComponent(id)}`), t("{ip} may come again.", { ip }));
    refresh();
  };
  const bans = data?.bans ?? [];
  if (bans.length === 0) return <Telling told={told} />;
  return (
    <section aria-labelledby="bans-title">
      <h2 id="bans-title">{t("Addresses that are kept away")}</h2>
      <Telling told={told} />
      <Table
        caption={t("Addresses that are kept away")}
        items={bans}
        keyOf={({ id }) => id}
        columns={[
          { title: t("Address"), cell: ({ ip }) => <Name>{ip}</Name> },
          { title: t("Stream"), cell: ({ stream }) => <bdi>{shown(stream.replace(/^__defaultVhost__/, ""))}</bdi> },
          { title: t("Kind"), cell: ({ action }) => t(action === "publish" ? "publishes" : "plays") },
          { title: t("For another"), numeric: true, cell: ({ seconds }) => duration(seconds * 1000) },
          {
            title: t("Actions"),
            cell: (ban) => (
              <PressButton
                isOff={isBusy}
                canChange={canChange}
                label={t("Let in again: {ip}", { ip: ban.ip })}
                onPress={() => void end(ban)}
              >
                {t("Let in again")}
              </PressButton>
            ),
          },
        ]}
      />
    </section>
  );
}
