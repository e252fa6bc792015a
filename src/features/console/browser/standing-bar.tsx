import { useRef } from "preact/hooks";
import type { Standing } from "./api-client.ts";
import { shown, timeOfDay } from "./format.ts";
import { t } from "./words.ts";

/** Tells when what is shown is old, and when the server is another one than the console was loaded from. */
export function StandingBar({ standing, version }: { standing: Standing; version?: string }) {
  const first = useRef(version);
  first.current ??= version;
  return (
    <div role="status" class="standing">
      {standing.kind === "lost" && (
        <p class="bad">
          {t("The server has not answered since {time}. What is shown is from before; the console keeps trying.", {
            time: timeOfDay(standing.since),
          })}
        </p>
      )}
      {standing.kind === "refused" && (
        <p class="bad">{t("The server answers nothing here: {reason}", { reason: shown(standing.reason) })}</p>
      )}
      {version !== undefined && version !== first.current && (
        <p class="warn">
          {t("The server is another version now ({version}).", { version: shown(version) })}{" "}
          <button type="button" onClick={() => location.reload()}>
            {t("Load the console again")}
          </button>
        </p>
      )}
    </div>
  );
}
