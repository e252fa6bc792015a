import type { RegistryAnswer } from "./api-answers.ts";
import { duration, number, shown } from "./format.ts";
import { Badge, Name } from "./parts.tsx";
import { t } from "./words.ts";

/** The state of the registry by which the nodes of the picture know each other; `now` is Unix ms. */
export function RegistryView({ registry, now }: { registry: RegistryAnswer; now: number }) {
  const { to, up, since, last_error, refused, dropped, lost_claims } = registry;
  const time = duration(Math.max(0, now - since));
  return (
    <section class="registry" aria-labelledby="registry-title">
      <h3 id="registry-title">{t("Registry")}</h3>
      <p>
        <Name>{to}</Name>{" "}
        <Badge tone={up ? "good" : "bad"}>{t(up ? "reachable for {time}" : "away for {time}", { time })}</Badge>
      </p>
      {last_error !== null && <p>{shown(last_error)}</p>}
      <p class="soft">
        {t("{n} commands refused", { n: number(refused) })} · {t("{n} without an answer", { n: number(dropped) })} ·{" "}
        {t("{n} publishers gave way", { n: number(lost_claims) })}
      </p>
    </section>
  );
}
