import { useRef } from "preact/hooks";
import type { ConfigAnswer, LimitsAnswer, NodesAnswer } from "./api-answers.ts";
import { Chart } from "./chart.tsx";
import { rate } from "./format.ts";
import { History } from "./history.ts";
import { pictureOf } from "./picture.ts";
import { PictureView } from "./picture-view.tsx";
import { configProblems, limitProblems, problemsOf, registryProblems } from "./problems.ts";
import { RegistryView } from "./registry-view.tsx";
import { addressOf } from "./route.ts";
import { usePolled } from "./server.ts";
import { ServerView } from "./server-view.tsx";
import { t } from "./words.ts";

/** Interval between two requests for the nodes, which ask each other once a second. */
const NODES_MS = 1000;
/**
 * If a node that is asked each second has not answered for this long, nodes are requested more often, so that the picture shows its
 * death within 3 s. The registry tells of a node less often.
 */
const LATE_MS = 1500;
const LATE_NODES_MS = 250;
const LIMITS_MS = 10_000;
const CONFIG_MS = 30_000;
/** Maximum number of problems that are listed before the picture. */
const MAX_PROBLEMS = 20;
/** Ten minutes of samples. */
const SAMPLES = 600;

/** Bitrates in and out of this server while the console is open. */
const history = new History(2, SAMPLES);

function nextNodesMs(answer: NodesAnswer | undefined): number {
  const isLate = ({ self, state, seen_ms, heard_by }: NodesAnswer["nodes"][number]) =>
    !self && state !== "dead" && heard_by.includes("peers") && seen_ms !== null && seen_ms > LATE_MS;
  return answer?.nodes.some(isLate) === true ? LATE_NODES_MS : NODES_MS;
}

/** The cluster's problems, then its picture, which may be long, and this server's bitrates. */
export function OverviewPage() {
  const { data } = usePolled<NodesAnswer>("/api/v1/nodes", nextNodesMs, ({ nodes: [self] }) => {
    if (self !== undefined) history.add(Date.now(), [self.flow?.kbps_in ?? null, self.kbps]);
  });
  const limits = usePolled<LimitsAnswer>("/api/v1/limits", LIMITS_MS).data;
  const config = usePolled<ConfigAnswer>("/api/v1/config?keys=none", CONFIG_MS).data?.config;
  const last = useRef(data);
  last.current = data ?? last.current;
  if (last.current === undefined) return <p>{t("Loading…")}</p>;
  const { nodes, registry } = last.current;
  const [self] = nodes;
  const rates = { in: rate(self?.flow?.kbps_in ?? 0), out: rate(self?.kbps ?? 0) };
  return (
    <>
      <h1>{t("Overview")}</h1>
      <section aria-labelledby="wrong-title">
        <h2 id="wrong-title">{t("What is wrong")}</h2>
        <Problems cluster={last.current} limits={limits} config={config} />
      </section>
      <section aria-labelledby="picture-title">
        <h2 id="picture-title">{t("The cluster as this server knows it")}</h2>
        {/* biome-ignore-start lint/a11y: what scrolls must be reached by the keyboard, and is no set of fields */}
        <div class="wide" role="group" aria-labelledby="picture-title" tabIndex={0}>
          {/* biome-ignore-end lint/a11y: as above */}
          <PictureView picture={pictureOf(nodes)} />
        </div>
        {registry !== null && <RegistryView registry={registry} now={Date.now()} />}
      </section>
      <section aria-labelledby="rates-title">
        <h2 id="rates-title">{t("The last minutes of this server")}</h2>
        <p class="legend">
          <span class="line-in">{t("in {rate}", { rate: rates.in })}</span>
          <span class="line-out">{t("out {rate}", { rate: rates.out })}</span>
        </p>
        <Chart
          label={`${t("The last minutes of this server")}: ${t("in {rate}", { rate: rates.in })}, ${t("out {rate}", { rate: rates.out })}`}
          columns={history.columns}
          lines={[
            { label: t("Received"), colour: "--accent" },
            { label: t("Sent"), colour: "--second" },
          ]}
          height={160}
          format={rate}
        />
      </section>
      <section aria-labelledby="server-title">
        <h2 id="server-title">{t("This server")}</h2>
        <ServerView config={config} />
      </section>
    </>
  );
}

interface ProblemsProps {
  readonly cluster: NodesAnswer;
  readonly limits: LimitsAnswer | undefined;
  readonly config: ConfigAnswer["config"] | undefined;
}

function Problems({ cluster: { nodes, registry }, limits, config }: ProblemsProps) {
  const problems = [
    ...registryProblems(registry),
    ...configProblems(config),
    ...nodes.flatMap(problemsOf),
    ...limitProblems(limits?.near ?? []),
  ];
  if (problems.length === 0) return <p class="good">{t("Nothing is wrong.")}</p>;
  return (
    <ul class="problems">
      {problems.slice(0, MAX_PROBLEMS).map(({ text, page }) => (
        <li key={text}>{page === undefined ? text : <a href={addressOf(page)}>{text}</a>}</li>
      ))}
      {problems.length > MAX_PROBLEMS && <li>{t("and {n} more", { n: problems.length - MAX_PROBLEMS })}</li>}
    </ul>
  );
}
