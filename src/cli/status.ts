import { setTimeout as wait } from "node:timers/promises";
import type { ArgsDef } from "citty";
import type {
  ClientAnswer,
  ClusterAnswer,
  ConfigAnswer,
  LimitsAnswer,
  NodeAnswer,
  OriginAnswer,
  RelayAnswer,
  StreamAnswer,
  TargetAnswer,
  TranscoderAnswer,
} from "./api-types.ts";
import { ApiAsker, serverOptions } from "./ask.ts";
import { type Command, command } from "./command.ts";
import { commonOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { clusterLines, clusterProblemsOf, problemsOf, type Status, statusLines, topLines } from "./status-text.ts";

const REPEAT_MS = 2000;
/** Maximum number of items of a list that a terminal shows; more is for the API. */
const SHOWN = 1000;
const CLEAR = "\u001b[H\u001b[2J";

const options = {
  ...serverOptions,
  json: { type: "boolean", description: "Print JSON" },
  watch: { type: "boolean", description: "Print it again every 2 s" },
  cluster: { type: "boolean", description: "Show the nodes of the cluster, as this server knows them" },
  check: { type: "boolean", description: "Print only what is wrong; exit status 1 if anything is" },
  ...commonOptions,
} as const satisfies ArgsDef;

/** `srs status`: the state of the running server; with `--check`, 1 when something is wrong with it. */
export function statusCommand(output: Output): Command {
  return command({
    call: "srs status --conf FILE",
    does: "Show who publishes, who is slow, which forwards fail and why; --check is for health checks",
    options,
    async run(args, argv) {
      const asker = new ApiAsker(args, argv);
      do {
        const { json, lines, problems } = args.cluster ? await clusterOf(asker) : await serverOf(asker);
        if (args.check) return check(problems, output);
        show(output, args.json ? JSON.stringify(json) : lines.join("\n"), args.watch === true && !args.json);
        if (args.watch) await wait(REPEAT_MS);
      } while (args.watch);
      return 0;
    },
  });
}

/** `srs top`: the clients with most traffic, repeatedly. */
export function topCommand(output: Output): Command {
  const { json: _, watch: __, check: ___, cluster: ____, ...rest } = options;
  const once = { type: "boolean", description: "Print them once" } as const;
  return command({
    call: "srs top --conf FILE",
    does: "Show the clients with most traffic, every 2 s",
    options: { ...rest, once },
    async run(args, argv) {
      const asker = new ApiAsker(args, argv);
      do {
        const { clients } = await asker.ask<{ clients: ClientAnswer[] }>("GET", `/api/v1/clients?count=${SHOWN}`);
        const { streams } = await asker.ask<{ streams: StreamAnswer[] }>("GET", "/api/v1/streams?unhealthy=1&count=10");
        const lines = topLines(clients, streams, Date.now()).slice(0, 50);
        show(output, lines.join("\n") || "no clients", args.once !== true);
        if (!args.once) await wait(REPEAT_MS);
      } while (!args.once);
      return 0;
    },
  });
}

/** A state for programs, for people, and its problems alone. */
interface Shown {
  readonly json: object;
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

async function serverOf(asker: ApiAsker): Promise<Shown> {
  const status = await statusOf(asker);
  return { json: status, lines: statusLines(status, Date.now()), problems: problemsOf(status) };
}

async function clusterOf(asker: ApiAsker): Promise<Shown> {
  const cluster = await asker.ask<ClusterAnswer>("GET", "/api/v1/nodes");
  return { json: cluster, lines: clusterLines(cluster, Date.now()), problems: clusterProblemsOf(cluster) };
}

async function statusOf(asker: ApiAsker): Promise<Status> {
  const get = <T>(name: string) => asker.ask<T>("GET", `/api/v1/${name}`);
  const { node } = await get<NodeAnswer>("node");
  const { config } = await get<ConfigAnswer>("config");
  const { streams } = await get<{ streams: StreamAnswer[] }>(`streams?count=${SHOWN}`);
  const { forwards } = await get<{ forwards: RelayAnswer[] }>(`forwards?count=${SHOWN}`);
  const { upstreams } = await get<{ upstreams: RelayAnswer[] }>(`upstreams?count=${SHOWN}`);
  const { origins } = await get<{ origins: OriginAnswer[] }>("origins");
  const { transcoders } = await get<{ transcoders: TranscoderAnswer[] }>(`transcoders?count=${SHOWN}`);
  const { targets } = await get<{ targets: TargetAnswer[] }>("targets");
  const { clients: edges } = await get<{ clients: ClientAnswer[] }>(`clients?server=1&count=${SHOWN}`);
  const { clients: slow } = await get<{ clients: ClientAnswer[] }>("clients?slow=1&count=100");
  const { near, refused } = await get<LimitsAnswer>("limits");
  return { node, config, streams, forwards, edges, upstreams, origins, transcoders, targets, slow, near, refused };
}

function check(problems: readonly string[], { out, err }: Output): number {
  for (const problem of problems) err(problem);
  if (problems.length === 0) out("ok");
  return problems.length === 0 ? 0 : 1;
}

/** Prints a text; on a terminal, a repeated one replaces the text before. */
function show({ out }: Output, text: string, again: boolean): void {
  if (again && process.stdout.isTTY) process.stdout.write(CLEAR);
  out(text);
}
