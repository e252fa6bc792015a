import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { showPath } from "../config/show.ts";
import { ConfigErrors, type Loaded } from "./config/index.ts";
import type { Answer } from "./control.ts";
import type { LiveConfig } from "./live-config.ts";

/** Reads the configuration again and applies it; a wrong file changes nothing. Logs the outcome. */
export function reload(live: LiveConfig, load: () => Loaded, log: Log): Answer {
  try {
    const { config, warnings } = load();
    const changed = live.change(config);
    const applied = changed.filter(({ restart }) => restart === undefined).map(({ path }) => showPath(path));
    const kept = changed.flatMap(({ path, restart }) =>
      restart === undefined ? [] : [`${showPath(path)} stays as it was until a restart: ${restart}`],
    );
    for (const line of [...warnings, ...kept]) log.warn(line);
    log.info("configuration reloaded", { changed: applied.join(", ") || "nothing" });
    return { ok: true, lines: [...warnings, ...kept, `reloaded; changed: ${applied.join(", ") || "nothing"}`] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const lines = error instanceof ConfigErrors ? error.lines : [error.message];
    for (const line of lines) log.error("configuration refused", { error: line });
    log.error("configuration not reloaded: all goes on as before", { errors: lines.length });
    return { ok: false, lines };
  }
}
