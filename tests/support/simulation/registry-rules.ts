import type { OwnStreams } from "../../../src/features/registry/own-streams.ts";
import { ANNOUNCE, RENEW, type Script } from "../../../src/features/registry/scripts.ts";
import type { Source } from "../../../src/live/source/source.ts";
import type { RedisModel } from "../redis-model.ts";
import type { HistoryNode } from "./history-stage.ts";
import type { HistoryServers } from "./registry-servers.ts";

/** A rule that nodes of a history don't keep to, so that it must end badly: it shows whether a history sees that. */
export type BrokenRule =
  | "claims are asked for"
  | "leases are renewed"
  | "lost claims are told"
  | "copies yield to publishers"
  | "owners tell whether a publisher is alive"
  | "standbys ask for their streams again"
  | "servers are compared"
  | "a new process tells what the old one publishes";

/** Has a node break a rule, when it is one that nodes keep to by themselves. */
export function breakNode(node: HistoryNode, broken: BrokenRule): void {
  const { registry, guards, streams } = node;
  const own = registry.streams as OwnStreams;
  if (broken === "claims are asked for") guards.splice(guards.indexOf(registry.claims), 1);
  if (broken === "a new process tells what the old one publishes") registry.atSibling = () => undefined;
  if (broken === "copies yield to publishers")
    streams.observe({
      published: (_stream, _name, { info }: Source) => Object.assign(info, { yields: false }),
      unpublished: () => undefined,
    });
  if (broken === "standbys ask for their streams again") {
    const change = own.change.bind(own);
    own.change = (key) => (own.all.get(key)?.standsBy ? undefined : change(key));
  }
}

/** Has the servers of a history break a rule, when it is one that is seen there. */
export function breakServers(servers: HistoryServers, broken: BrokenRule): void {
  servers.areCompared = broken !== "servers are compared";
  for (const { model } of servers.all) model.run = brokenRun(model, broken);
}

/** Redis as nodes see it that break a rule. */
function brokenRun(model: RedisModel, broken: BrokenRule): RedisModel["run"] {
  const run = model.run.bind(model);
  return (command, args) => {
    const is = ({ sha, text }: Script) => args[0] === sha || args[0] === text;
    if (broken === "leases are renewed" && is(RENEW) && model.keys.some((key) => key.endsWith(`:node:${args[3]}`)))
      return [1, 0];
    if (broken === "owners tell whether a publisher is alive" && command === "PUBLISH" && args[1]?.startsWith("ask "))
      return 0;
    const answer = run(command, args);
    const isTold = broken === "lost claims are told" && is(ANNOUNCE) && Array.isArray(answer);
    return isTold ? answer.map((each) => (typeof each === "string" && each !== "" ? args[3] : each)) : answer;
  };
}
