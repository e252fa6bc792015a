import { useEffect, useRef, useState } from "preact/hooks";
import type { LogLine } from "./api-answers.ts";
import { usePolled } from "./server.ts";
import { t } from "./words.ts";

const LOG_MS = 1000;
/** Lines that the page keeps. */
const MAX_LINES = 500;
const levels = ["debug", "info", "warn", "error"] as const;

/** The last lines of the log. New ones are added at the end, which stays in view until somebody scrolls up. */
export function LogPage() {
  const [level, setLevel] = useState<LogLine["level"]>("debug");
  const [isHeld, setHeld] = useState(false);
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const last = lines.at(-1)?.number ?? 0;
  usePolled<{ lines: readonly LogLine[] }>(
    isHeld ? undefined : "/api/v1/log",
    LOG_MS,
    ({ lines: more }) => {
      const [first] = more;
      // A server that was started again counts from 1: what was before is not of its log.
      if (first !== undefined) setLines([...(first.number > last ? lines : []), ...more].slice(-MAX_LINES));
    },
    () => `?after=${last}`,
  );
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, level]);
  const shown = lines.filter((line) => levels.indexOf(line.level) >= levels.indexOf(level));
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
        {shown.map(({ number, level: of, line }) => (
          <div key={number} class={of}>
            {line}
          </div>
        ))}
      </div>
    </>
  );
}
