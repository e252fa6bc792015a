import type { RedisModel } from "../redis-model.ts";
import type { HistoryStage } from "./history-stage.ts";
import type { Member } from "./registry-members.ts";
import type { HistoryServers } from "./registry-servers.ts";

/** What clients have left behind at nodes and in the registry. */
export function leftBy(
  members: readonly Member[],
  { stage, model }: { readonly stage: HistoryStage; readonly model: RedisModel },
): readonly string[] {
  const streams = members.flatMap(({ name, node }) =>
    [...node.streams.all()].flatMap(({ key, source, viewers }) =>
      source !== undefined || viewers > 0
        ? [`${name} still has ${key} via ${source?.info.via}, ${viewers} viewers`]
        : [],
    ),
  );
  const connections = members.flatMap(({ name, node }) =>
    node.connections > 0 ? [`${name} still has connections: ${stage.open}`] : [],
  );
  const has = model.keys.filter((key) => key.includes(":has:"));
  return [...streams, ...connections, ...has.map((key) => `the registry still has ${key}`)];
}

/** What nodes that have stopped have left behind in the registry, and of themselves. */
export function leftOf(
  members: readonly Member[],
  { model, servers }: { readonly model: RedisModel; readonly servers: HistoryServers },
): readonly string[] {
  const keys = model.keys.filter((key) => !/:stream:|:revision$/.test(key));
  const connections = servers.all.reduce((sum, redis) => sum + redis.connections, 0);
  // The clock's tick of each node's connections is its test's.
  const waiting = members.filter(({ clock }) => clock.timers > 1);
  return [
    ...keys.map((key) => `the registry still has ${key}`),
    ...(connections > 0 ? [`${connections} connections to redis stay`] : []),
    ...waiting.map(({ name, clock }) => `${name} still has ${clock.timers - 1} timers`),
  ];
}
