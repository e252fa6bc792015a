import type { ActionAnswer } from "./api-answers.ts";
import { callerName, shown, timeOfDay } from "./format.ts";
import { Badge, Name } from "./parts.tsx";
import { usePolled } from "./server.ts";
import { Table } from "./table.tsx";
import { t } from "./words.ts";

const ACTIONS_MS = 3000;
/** Maximum number of actions, as many as the server keeps. */
const MAX_ACTIONS = 200;

/** Changes by the API and their users, the latest first. */
export function ActionsPage() {
  const { data, error } = usePolled<{ actions: readonly ActionAnswer[] }>(
    `/api/v1/actions?count=${MAX_ACTIONS}`,
    ACTIONS_MS,
  );
  return (
    <>
      <h1>{t("Who did what")}</h1>
      <p class="soft">{t("What was changed by the API since the server's start")}</p>
      <Table
        caption={t("Who did what")}
        items={data?.actions.map((action, at) => ({
          ...action,
          at: action.at,
          key: `${action.at} ${data.actions.length - at}`,
        }))}
        error={error}
        keyOf={({ key }) => key}
        columns={[
          { title: t("When"), cell: ({ at }) => timeOfDay(at) },
          { title: t("Who"), cell: ({ by }) => <Name>{callerName(by)}</Name> },
          { title: t("What"), cell: ({ method, path }) => <code>{shown(`${method} ${path}`)}</code> },
          { title: t("With"), cell: ({ input }) => input !== "" && <code>{shown(input)}</code> },
          {
            title: t("Result"),
            cell: ({ status, error }) =>
              error === null ? (
                <Badge tone="good">{t("done")}</Badge>
              ) : (
                <span class="error">{`${status} ${shown(error)}`}</span>
              ),
          },
        ]}
      />
    </>
  );
}
