import type { Log } from "../base/log.ts";
import { type EngineFindings, examineEngines, InstalledFfmpegs } from "../features/transcode/examine-engines.ts";
import { runProgram } from "../io/os/run-program.ts";
import { type Config, ConfigErrors } from "./config/index.ts";
import type { LiveConfig } from "./live-config.ts";

/** The FFmpegs of this machine, as far as a configuration's engines need them. */
export class FfmpegCheck {
  readonly installed = new InstalledFfmpegs(runProgram);

  /** Tries all engines of a configuration; returns warnings. Throws ConfigErrors for engines that can't run. */
  async refuse(config: Config): Promise<readonly string[]> {
    const { problems, warnings } = await this.#examine(config);
    if (problems.length > 0) throw new ConfigErrors(problems);
    return warnings;
  }

  /** Tries the engines of each later configuration, and logs their problems: a reload doesn't wait for FFmpeg. */
  follow(live: LiveConfig, log: Log): void {
    live.follow({
      apply: (next, before) => {
        const isSame = [...next.vhost].every(
          ([name, { transcode }]) => before.vhost.get(name)?.transcode === transcode,
        );
        if (!isSame || next.transcode !== before.transcode) void this.#logFindings(next, log);
      },
    });
  }

  async #logFindings(config: Config, log: Log): Promise<void> {
    const { problems, warnings } = await this.#examine(config);
    for (const problem of problems) log.error("engine can't run", { error: problem });
    for (const warning of warnings) log.warn(warning);
  }

  #examine({ vhost, transcode }: Config): Promise<EngineFindings> {
    return examineEngines(vhost, transcode, this.installed);
  }
}
