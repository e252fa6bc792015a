import { useState } from "preact/hooks";
import type { TargetAnswer } from "./api-answers.ts";
import { shown } from "./format.ts";
import { Filter, Name, PressButton, Telling, useDeed } from "./parts.tsx";
import { addressOf } from "./route.ts";
import { server, usePolled } from "./server.ts";
import { Table } from "./table.tsx";
import { t } from "./words.ts";

const TARGETS_MS = 5000;

/** Forward targets that are added beside the configuration's, their removal, and a form for another one. */
export function TargetsView({ canChange }: { canChange: boolean }) {
  const { data, error, refresh } = usePolled<{ targets: readonly TargetAnswer[] }>("/api/v1/targets", TARGETS_MS);
  const { told, isBusy, run } = useDeed();
  const remove = async ({ id }: TargetAnswer): Promise<void> => {
    const path = `/api/v1/targets/${encodeURIComponent(id)}`;
    await run(() => server.call("DELETE", path), t("{id} was removed.", { id }));
    refresh();
  };
  const add = async (request: TargetRequest): Promise<boolean> => {
    let isAdded = false;
    await run(async () => {
      await server.call("POST", "/api/v1/targets", request);
      isAdded = true;
    }, t("The target was added."));
    refresh();
    return isAdded;
  };
  return (
    <section aria-labelledby="targets-title">
      <h2 id="targets-title">{t("Added targets")}</h2>
      <p class="soft">
        {t(
          "Streams are sent to these beside the targets of the configuration. To change those, edit forward in the file and reload it:",
        )}{" "}
        <a href={addressOf("config")}>{t("Configuration")}</a>
      </p>
      <Telling told={told} />
      <Table
        caption={t("Added targets")}
        items={data?.targets}
        error={error}
        keyOf={({ id }) => id}
        columns={[
          { title: t("Target"), cell: ({ target }) => <Name>{target}</Name> },
          { title: t("For streams"), cell: (target) => <Name>{scopeOf(target)}</Name> },
          { title: t("After a restart"), cell: ({ keep }) => t(keep ? "stays" : "is forgotten") },
          {
            title: t("Actions"),
            cell: (target) => (
              <PressButton
                isOff={isBusy}
                canChange={canChange}
                label={t("Remove {id}", { id: shown(target.target) })}
                onPress={() => void remove(target)}
              >
                {t("Remove")}
              </PressButton>
            ),
          },
        ]}
      />
      {canChange && <AddForm isBusy={isBusy} onAdd={add} />}
    </section>
  );
}

/** `vhost/app/stream`, with a star for each part that may be any. */
function scopeOf({ vhost, app, stream }: TargetAnswer): string {
  if (vhost === null && app === null && stream === null) return t("all");
  return `${vhost ?? "*"}/${app ?? "*"}/${stream ?? "*"}`.replace(/^__defaultVhost__/, "");
}

interface TargetRequest {
  readonly target: string;
  readonly app?: string;
  readonly stream?: string;
  readonly vhost?: string;
  readonly keep: boolean;
}

interface AddFormProps {
  readonly isBusy: boolean;
  /** Whether the target was added. */
  onAdd(request: TargetRequest): Promise<boolean>;
}

const nothing = { target: "", app: "", stream: "", vhost: "", keep: false };

function AddForm({ isBusy, onAdd }: AddFormProps) {
  const [form, setForm] = useState(nothing);
  const { target, app, stream, vhost, keep } = form;
  const submit = async (): Promise<void> => {
    if (isBusy) return;
    const given = Object.entries({ app, stream, vhost }).flatMap(([name, value]) =>
      value.trim() === "" ? [] : [[name, value.trim()]],
    );
    if (await onAdd({ target: target.trim(), keep, ...Object.fromEntries(given) })) setForm(nothing);
  };
  const field = (name: "target" | "app" | "stream" | "vhost", label: string, example: string) => (
    <label class={`field ${name}`}>
      <span>{label}</span>
      <input
        value={form[name]}
        name={name}
        placeholder={example}
        maxLength={2000}
        required={name === "target"}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => setForm((before) => ({ ...before, [name]: value }))}
      />
    </label>
  );
  return (
    <form
      class="filters add-target"
      aria-label={t("Add a target")}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {field("target", t("Target"), "192.168.1.6:1935")}
      {field("app", t("Only of the app"), t("all"))}
      {field("stream", t("Only the stream"), t("all"))}
      {field("vhost", t("Only of the vhost"), t("all"))}
      <Filter
        label={t("Keep it after a restart")}
        on={keep}
        onChange={(on) => setForm((before) => ({ ...before, keep: on }))}
      />
      <button type="submit" aria-disabled={isBusy}>
        {t("Add the target")}
      </button>
    </form>
  );
}
