import type { ConfigAnswer, SummaryAnswer } from "./api-answers.ts";
import { duration, number, timeOfDay } from "./format.ts";
import { Figures } from "./parts.tsx";
import { usePolled } from "./server.ts";
import { t } from "./words.ts";

const SUMMARY_MS = 5000;

/** This server's version and its use of the machine. */
export function ServerView({ config }: { config: ConfigAnswer["config"] | undefined }) {
  const { data } = usePolled<SummaryAnswer>("/api/v1/summaries", SUMMARY_MS);
  if (data === undefined) return null;
  const { self, system } = data.data;
  const percent = (share: number) => `${number(100 * share, 1)} %`;
  return (
    <Figures
      items={[
        [t("Version"), self.version],
        [t("Up for"), duration(self.srs_uptime * 1000)],
        [t("Memory"), `${number(self.mem_kbyte / 1024)} MiB (${percent(self.mem_percent)})`],
        [t("Processor, this process"), percent(self.cpu_percent)],
        [t("Processors, all processes"), percent(system.cpu_percent)],
        [t("Load of {n} processors", { n: system.cpus_online }), number(system.load_1m, 2)],
        [t("Configuration since"), config === undefined ? "–" : timeOfDay(config.loaded_at)],
      ]}
    />
  );
}
