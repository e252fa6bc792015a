import { useMemo, useRef, useState } from "preact/hooks";
import type { ConfigAnswer } from "./api-answers.ts";
import { CallError } from "./api-client.ts";
import { number, shown, timeOfDay } from "./format.ts";
import { Confirm, Figures, Filter, PressButton, Telling, useDeed } from "./parts.tsx";
import { server, usePolled } from "./server.ts";
import { t } from "./words.ts";

const CONFIG_MS = 5000;
/** Interval between requests for the text; it changes only with a reload or a restart, which cause a request of their own. */
const textMs = (answer: ConfigAnswer | undefined): number => (answer === undefined ? CONFIG_MS : 600_000);
/** Maximum number of lines of the configuration that are shown: a server may have thousands of vhosts. */
const MAX_LINES = 3000;
/** Maximum number of the server's sentences of one kind: a file may have a mistake in each vhost. */
const MAX_SENTENCES = 100;

/** The configuration in effect, how the file differs from it, and a reload. */
export function ConfigPage({ canChange }: { canChange: boolean }) {
  const { data, error, refresh } = usePolled<ConfigAnswer>("/api/v1/config?keys=none", CONFIG_MS);
  if (data === undefined) return <p role="status">{error === undefined ? t("Loading…") : shown(error.message)}</p>;
  const { config } = data;
  return (
    <>
      <h1>{t("Configuration")}</h1>
      {error !== undefined && (
        <p role="status" class="bad">
          {shown(error.message)}
        </p>
      )}
      <section aria-labelledby="file-title">
        <h2 id="file-title">{t("The file")}</h2>
        <Figures
          items={[
            [t("File"), fileName(config.file)],
            [t("In effect since"), timeOfDay(config.loaded_at)],
            [t("Reloads"), number(config.reloads)],
          ]}
        />
        <Reload canChange={canChange} onReloaded={refresh} />
        <Findings config={config} />
      </section>
      <section aria-labelledby="keys-title">
        <h2 id="keys-title">{t("The configuration in effect")}</h2>
        <Keys loadedAt={config.loaded_at} />
      </section>
    </>
  );
}

function fileName(file: string): string {
  if (file === "") return t("none: variables of the environment");
  return file === "-" ? t("standard input") : shown(file);
}

function Reload({ canChange, onReloaded }: { canChange: boolean; onReloaded(): void }) {
  const [isAsking, setAsking] = useState(false);
  const [outcome, setOutcome] = useState("");
  const { told, isBusy, run } = useDeed();
  const reload = async (): Promise<void> => {
    setAsking(false);
    setOutcome("");
    await run(async () => {
      try {
        const { lines } = await server.call<{ lines: readonly string[] }>("POST", "/api/v1/reload");
        // Before the last line are the warnings and what waits for a restart, which the page shows anyway.
        setOutcome(lines.at(-1) ?? "");
      } catch (error) {
        // The page shows the reasons, line by line, as the configuration's state has them.
        const isRefused = error instanceof CallError && error.status === 409;
        throw isRefused ? new Error(t("The file is wrong; everything goes on as before.")) : error;
      }
    }, t("The file was reloaded."));
    onReloaded();
  };
  return (
    <>
      <p>
        <PressButton isOff={isBusy} canChange={canChange} onPress={() => setAsking(true)}>
          {t("Reload the file")}
        </PressButton>
      </p>
      <Telling told={told} />
      <Lines lines={outcome === "" ? [] : [outcome]} />
      {isAsking && (
        <Confirm
          title={t("Reload the configuration's file?")}
          action={t("Reload")}
          onDone={() => void reload()}
          onCancel={() => setAsking(false)}
        >
          <p>
            {t(
              "The server reads the file again and applies it while streams run, as srs reload does. A wrong file changes nothing.",
            )}
          </p>
        </Confirm>
      )}
    </>
  );
}

/** How the file differs from the configuration in effect, and its warnings. */
function Findings({ config: { refused, waiting, warnings } }: { config: ConfigAnswer["config"] }) {
  return (
    <>
      {refused !== null && (
        <>
          <h3 class="bad">{t("The last reload was refused, at {time}", { time: timeOfDay(refused.at) })}</h3>
          <Lines lines={refused.lines} />
        </>
      )}
      {waiting.length > 0 && (
        <>
          <h3 class="warn">{t("Waits for a restart")}</h3>
          <Lines lines={waiting.map(({ key, reason }) => `${key}: ${reason}`)} />
        </>
      )}
      {warnings.length > 0 && (
        <>
          <h3 class="warn">{t("Warnings")}</h3>
          <Lines lines={warnings} />
        </>
      )}
    </>
  );
}

/** The server's sentences. */
function Lines({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <ul class="lines">
      {lines.slice(0, MAX_SENTENCES).map((line, at) => (
        <li key={`${at} ${line}`}>{shown(line)}</li>
      ))}
      {lines.length > MAX_SENTENCES && <li>{t("and {n} more", { n: lines.length - MAX_SENTENCES })}</li>}
    </ul>
  );
}

/** The keys with their values. */
function Keys({ loadedAt }: { loadedAt: number }) {
  const [isShort, setShort] = useState(true);
  // The part after "#" is not sent: it changes the address, so that a new configuration is requested.
  const path = `/api/v1/config?keys=${isShort ? "changed" : "all"}#${loadedAt}`;
  const { data, error } = usePolled<ConfigAnswer>(path, textMs);
  const last = useRef<string | undefined>(undefined);
  last.current = data?.config.toml ?? last.current;
  return (
    <>
      <div class="filters">
        <Filter label={t("Only what differs from the default")} on={isShort} onChange={setShort} />
      </div>
      <p class="soft">{t("After each value stands where it comes from. Secrets are masked.")}</p>
      {error !== undefined && (
        <p role="status" class="bad">
          {shown(error.message)}
        </p>
      )}
      {last.current === undefined ? <p class="soft">{t("Loading…")}</p> : <Toml text={last.current} />}
    </>
  );
}

function Toml({ text }: { text: string }) {
  const { seen, more } = useMemo(() => {
    const lines = text.trimEnd().split("\n");
    return { seen: lines.slice(0, MAX_LINES).map(shown).join("\n"), more: lines.length - MAX_LINES };
  }, [text]);
  if (seen === "") return <p class="soft">{t("Every key has its default.")}</p>;
  return (
    <>
      {/* biome-ignore-start lint/a11y: a box that scrolls needs the keyboard's focus, and is no set of fields */}
      <pre class="toml" role="group" aria-labelledby="keys-title" tabIndex={0}>
        {/* biome-ignore-end lint/a11y: as above */}
        {seen}
      </pre>
      {more > 0 && <p class="soft">{t("{n} lines are left out", { n: more })}</p>}
    </>
  );
}
