import type { StreamPlace } from "../../../src/live/ports/nodes.ts";
import type { RedisModel } from "../redis-model.ts";
import type { RegistryStage } from "../registry-stage.ts";
import type { Encoders } from "./registry-encoders.ts";
import type { Member } from "./registry-members.ts";
import type { HistoryServers } from "./registry-servers.ts";

/** What owners are judged by. */
export interface OwnersContext {
  readonly stage: RegistryStage;
  /** What the registry has. */
  readonly model: RedisModel;
  readonly members: readonly Member[];
  readonly encoders: Encoders;
  /** Lets answers come. */
  pass(): void;
}

/** What owners are judged by while things happen. */
export interface OwnedContext extends Pick<OwnersContext, "stage" | "members" | "encoders"> {
  readonly servers: HistoryServers;
}

/** More than one encoder of a stream runs, where no other one stands by. */
export function rivalsBoth(stream: string, { stage, encoders }: Pick<OwnersContext, "stage" | "encoders">): boolean {
  return stage.onConflict !== "standby" && encoders.running(stream).length > 1;
}

/**
 * What is wrong with a stream when all is well: it has one owner, at which one of its encoders runs; the others are refused, or stand by.
 * All nodes find the stream at its owner and at its copies, and nowhere else.
 */
export function wrongOwner(stream: string, context: OwnersContext): readonly string[] {
  const { stage, model, members, encoders, pass } = context;
  const wrong: string[] = [];
  const running = encoders.running(stream);
  const wanted = encoders.all.filter((sender) => sender.stream === stream).length;
  if (running.length !== (stage.onConflict === "standby" ? wanted : 1))
    wrong.push(`${running.length} of ${wanted} encoders of ${stream} run, at ${running.map(({ at }) => at?.name)}`);
  const publishing = members.filter(({ node }) => {
    const { active, standbys } = node.stream(stream).sources;
    return [active, ...standbys].some((source) => source?.info.via === "client");
  });
  const at = new Set(running.map((sender) => sender.at?.name));
  if (names(publishing) !== [...at].toSorted().join())
    wrong.push(`${stream} is published at ${names(publishing)}, not at ${[...at]}`);
  const owner = members.find(({ node }) => node.state.id === model.owner("srs:1", keyOf(stream)));
  if (!at.has(owner?.name)) wrong.push(`${stream} is owned by ${owner?.name}, not by ${[...at]}`);
  const having = () =>
    names(
      members.filter((each) => {
        const source = each.node.stream(stream).source;
        return source !== undefined && (each === owner || source.info.via !== "client");
      }),
    );
  // A copy may end while answers are on their way.
  const before = having();
  const answers = new Map<Member, readonly StreamPlace[]>();
  for (const member of members)
    void Promise.resolve(member.node.registry.locate(keyOf(stream))).then(({ places }) => answers.set(member, places));
  pass();
  const after = having();
  for (const member of members) {
    const { name } = member;
    const places = answers.get(member) ?? [];
    const found = names(places.map((place) => members.find((each) => each.node.state.id === place.node.state?.id)));
    const first = places.filter(({ role }) => role === "published").map((place) => place.node.state?.id);
    if (found !== before && found !== after) wrong.push(`${name} finds ${stream} at ${found}, not at ${after}`);
    if (first.join() !== owner?.node.state.id) wrong.push(`${name} finds ${first.length} publishers of ${stream}`);
  }
  return wrong;
}

/** A stream has an owner, and it is where an encoder sends it, so long after all is well, ms. */
const OWNED_MS = 10_000;

/** Streams that are published and whose owner is another node or nobody, though all has been well for long enough. */
export function wronglyOwned(streams: readonly string[], context: OwnedContext): readonly string[] {
  const { stage, servers, members, encoders } = context;
  const now = stage.clock.now();
  const wellSince = servers.since ?? Number.POSITIVE_INFINITY;
  return streams.flatMap((stream) => {
    const senders = encoders.all.filter((sender) => sender.stream === stream && sender.push !== undefined);
    // One of them has just lost its node, or is about to replace another.
    if (senders.some(({ push }) => push?.told.some((told) => told !== "running"))) return [];
    const running = encoders.running(stream);
    if (stage.onConflict === "replace" && senders.length > running.length) return [];
    const since = running.map(({ at, since }) =>
      at === undefined || at.drains || servers.isCutOff(at.node.state.id)
        ? Number.POSITIVE_INFINITY
        : Math.max(at.since, since),
    );
    const lostAt = encoders.lostAt.get(stream) ?? 0;
    if (running.length === 0 || now - Math.max(wellSince, lostAt, ...since) < OWNED_MS) return [];
    const owner = servers.leading(members).model.owner("srs:1", keyOf(stream));
    const isOwned = running.some(({ at }) => at?.node.state.id === owner);
    return isOwned
      ? []
      : [
          `${now}: ${stream} is owned by ${members.find(({ node }) => node.state.id === owner)?.name ?? owner}, and published at ${running.map(({ at }) => at?.name)}`,
        ];
  });
}

function keyOf(stream: string): string {
  return `__defaultVhost__/live/${stream}`;
}

function names(members: readonly (Member | undefined)[]): string {
  return members
    .map((member) => member?.name ?? "a node that is gone")
    .toSorted()
    .join();
}
