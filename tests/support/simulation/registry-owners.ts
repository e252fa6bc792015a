import type { StreamPlace } from "../../../src/live/ports/nodes.ts";
import type { Stream } from "../../../src/live/stream.ts";
import type { RedisModel } from "../redis-model.ts";
import type { HistoryNode, HistoryStage } from "./history-stage.ts";
import type { Encoders } from "./registry-encoders.ts";
import type { Member } from "./registry-members.ts";
import type { HistoryServers } from "./registry-servers.ts";

/** What owners are judged by. */
export interface OwnersContext {
  readonly stage: Pick<HistoryStage, "clock" | "onConflict">;
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

/** The id of the node that owns a stream. */
export function ownerOf(stream: string, model: RedisModel): string | undefined {
  return model.owner("srs:1", keyOf(stream));
}

/** More than one encoder of a stream runs, where no other one stands by. */
export function rivalsBoth(stream: string, { stage, encoders }: Pick<OwnersContext, "stage" | "encoders">): boolean {
  return stage.onConflict !== "standby" && encoders.running(stream).length > 1;
}

/** Whether all encoders that can run for a stream do, one of them at its owner. */
export function isSettled(
  stream: string,
  { stage, model, encoders }: Pick<OwnersContext, "stage" | "model" | "encoders">,
): boolean {
  const wanted = encoders.all.filter((sender) => sender.stream === stream).length;
  const running = encoders.running(stream);
  // With "replace", the second encoder gives up, and the first one comes back.
  if (stage.onConflict === "replace" && wanted > 1) return false;
  if (running.length !== (stage.onConflict === "standby" ? wanted : 1)) return false;
  const owner = ownerOf(stream, model);
  const at = running.find((sender) => sender.at?.node.state.id === owner)?.at;
  // A node that has just become the owner may still fetch the stream, while its own encoder stands by.
  return at !== undefined && streamAt(at.node, stream)?.source?.info.via === "client";
}

/**
 * What is wrong with streams when all is well: each has one owner, at which one of its encoders runs; the others are refused, or stand
 * by. All nodes find it at its owner and at its copies, and nowhere else.
 */
export function wrongOwners(streams: readonly string[], context: OwnersContext): readonly string[] {
  const wrong = streams.flatMap((stream) => wrongOwner(stream, context));
  const { members } = context;
  const owners = streams.map((stream) => members.find(({ node }) => node.state.id === ownerOf(stream, context.model)));
  const having = () => streams.map((stream, at) => namesHaving(stream, members, owners[at]));
  // A copy may end while answers are on their way.
  const before = having();
  const answers = streams.map((stream) => answersAbout(stream, members));
  context.pass();
  const after = having();
  for (const [at, stream] of streams.entries())
    for (const member of members) {
      const { name } = member;
      const places = answers[at]?.get(member) ?? [];
      const found = names(places.map((place) => members.find((each) => each.node.state.id === place.node.state?.id)));
      const first = places.filter(({ role }) => role === "published").map((place) => place.node.state?.id);
      if (found !== before[at] && found !== after[at])
        wrong.push(`${name} finds ${stream} at ${found}, not at ${after[at]}`);
      if (first.join() !== owners[at]?.node.state.id)
        wrong.push(`${name} finds ${first.length} publishers of ${stream}`);
    }
  return wrong;
}

function wrongOwner(stream: string, { stage, model, members, encoders }: OwnersContext): readonly string[] {
  const wrong: string[] = [];
  const running = encoders.running(stream);
  const wanted = encoders.all.filter((sender) => sender.stream === stream).length;
  if (running.length !== (stage.onConflict === "standby" ? wanted : 1))
    wrong.push(`${running.length} of ${wanted} encoders of ${stream} run, at ${running.map(({ at }) => at?.name)}`);
  const publishing = members.filter(({ node }) => {
    const { active, standbys = [] } = streamAt(node, stream)?.sources ?? {};
    return [active, ...standbys].some((source) => source?.info.via === "client");
  });
  const at = new Set(running.map((sender) => sender.at?.name));
  if (names(publishing) !== [...at].toSorted().join())
    wrong.push(`${stream} is published at ${names(publishing)}, not at ${[...at]}`);
  const owner = members.find(({ node }) => node.state.id === ownerOf(stream, model));
  if (!at.has(owner?.name)) wrong.push(`${stream} is owned by ${owner?.name}, not by ${[...at]}`);
  return wrong;
}

/** The members at which a stream is to be found. */
function namesHaving(stream: string, members: readonly Member[], owner: Member | undefined): string {
  return names(
    members.filter((each) => {
      const source = streamAt(each.node, stream)?.source;
      return source !== undefined && (each === owner || source.info.via !== "client");
    }),
  );
}

/** Asks all members where a stream is; each answer is there once it has come. */
function answersAbout(stream: string, members: readonly Member[]): ReadonlyMap<Member, readonly StreamPlace[]> {
  const answers = new Map<Member, readonly StreamPlace[]>();
  for (const member of members)
    void Promise.resolve(member.node.registry.locate(keyOf(stream))).then(({ places }) => answers.set(member, places));
  return answers;
}

/**
 * A stream has an owner, and it is where an encoder sends it, so long after all is well, ms: nodes are connected to the registry within 4 s,
 * a dead owner counts as living for a lease of 5 s from then on if no node could renew its lease, and others claim its streams every second.
 */
const OWNED_MS = 12_000;

/** Streams that are published and whose owner is another node or nobody, though all has been well for long enough. */
export function wronglyOwned(streams: readonly string[], context: OwnedContext): readonly string[] {
  const { stage, servers, members, encoders } = context;
  const now = stage.clock.now();
  const wellSince = servers.since ?? Number.POSITIVE_INFINITY;
  // Most often, for all streams.
  if (now - wellSince < OWNED_MS) return [];
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
    const owner = ownerOf(stream, servers.leading(members).model);
    const isOwned = running.some(({ at }) => at?.node.state.id === owner);
    return isOwned
      ? []
      : [
          `${now}: ${stream} is owned by ${members.find(({ node }) => node.state.id === owner)?.name ?? owner}, and published at ${running.map(({ at }) => at?.name)}`,
        ];
  });
}

function streamAt({ streams }: HistoryNode, stream: string): Stream | undefined {
  return streams.find({ vhost: "__defaultVhost__", app: "live", stream });
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
