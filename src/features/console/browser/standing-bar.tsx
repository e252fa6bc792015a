import type { Standing } from "./api-client.ts";
import { shown, timeOfDay } from "./format.ts";
import { t } from "./words.ts";

interface StandingBarProps {
  readonly standing: Standing;
  /** The server's version now, and the version from which the console was loaded. */
  readonly version?: string;
  readonly loadedFrom?: string | undefined;
}

/** Shows when the data are old, and when the console was loaded from another version of the server. */
export function StandingBar({ standing, version, loadedFrom }: StandingBarProps) {
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
      {version !== undefined && version !== loadedFrom && (
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
