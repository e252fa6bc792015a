import { useEffect, useRef, useState } from "preact/hooks";
import type { LogAnswer, LogLine } from "./api-answers.ts";
import { shown } from "./format.ts";
import { usePolled } from "./server.ts";
import { t } from "./words.ts";

const LOG_MS = 1000;
/** Maximum number of lines that the page keeps: as many as the server, and some older ones. */
const MAX_LINES = 600;
const levels = ["debug", "info", "warn", "error"] as const;

/** A line with a key that is unique across processes. */
interface KeptLine extends LogLine {
  readonly key: string;
}

/**
 * The last lines of the log. After a restart, the new process's lines follow the old ones. New lines are added at the end, which stays in
 * view until the user scrolls up.
 */
export function LogPage() {
  const [level, setLevel] = useState<LogLine["level"]>("debug");
  const [isHeld, setHeld] = useState(false);
  const [lines, setLines] = useState<readonly KeptLine[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const read = useRef({ by: "", last: 0 });
  const { error, refresh } = usePolled<LogAnswer>(
    isHeld ? undefined : "/api/v1/log",
    LOG_MS,
    ({ service, pid, lines: more }) => {
      const by = `${service} ${pid}`;
      const { by: before, last } = read.current;
      if (by !== before && last > 0) {
        // A new process counts from 1 again, so these may not be its first lines: they are requested anew.
        read.current = { by, last: 0 };
        refresh();
        return;
      }
      read.current = { by, last: more.at(-1)?.number ?? last };
      const added = more.map((line) => ({ ...line, key: `${by} ${line.number}` }));
      const [first] = added;
      const missed = first === undefined || last === 0 ? 0 : first.number - last - 1;
      // More lines were written since the last answer than the server keeps.
      if (first !== undefined && missed > 0)
        added.unshift({
          ...first,
          key: `${first.key} missed`,
          line: `… ${t("{n} lines are left out", { n: missed })} …`,
        });
      if (added.length > 0) setLines((kept) => [...kept, ...added].slice(-MAX_LINES));
    },
    () => `?after=${read.current.last}`,
  );
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, level]);
  const seen = lines.filter((line) => levels.indexOf(line.level) >= levels.indexOf(level));
  return (
    <>
      <h1>{t("The last lines of the log")}</h1>
      <div class="filters">
        <label class="field">
          <span>{t("From level")}</span>
          <select value={level} onChange={({ currentTarget }) => setLevel(currentTarget.value as LogLine["level"])}>
            {levels.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button type="button" aria-pressed={isHeld} onClick={() => setHeld(!isHeld)}>
          {t(isHeld ? "Go on" : "Hold")}
        </button>
      </div>
      {error !== undefined && (
        <p role="status" class="bad">
          {shown(error.message)}
        </p>
      )}
      <div
        ref={box}
        class="log"
        role="log"
        aria-live="off"
        aria-label={t("The last lines of the log")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollTop + clientHeight > scrollHeight - 20;
        }}
      >
        {seen.map(({ key, level: of, line }) => (
          <div key={key} class={of}>
            {line}
          </div>
        ))}
      </div>
    </>
  );
}
