import type { FakeNode } from "../fake-node.ts";
import type { ProcessClock } from "../process-clock.ts";
import type { RegistryStage } from "../registry-stage.ts";
import type { Encoders } from "./registry-encoders.ts";

/** A process of a node. */
export interface Member {
  readonly name: string;
  readonly node: FakeNode;
  readonly clock: ProcessClock;
  /** Since when nothing has happened to it, its way to Redis and its links, ms. */
  since: number;
  drains: boolean;
}

/** What owners are judged by. */
export interface OwnersContext {
  readonly stage: RegistryStage;
  readonly members: readonly Member[];
  readonly encoders: Encoders;
  /** Lets answers come. */
  pass(): Promise<void>;
}

/** More than one encoder of a stream runs, where no other one stands by. */
export function rivalsBoth(stream: string, { stage, encoders }: Pick<OwnersContext, "stage" | "encoders">): boolean {
  return stage.onConflict !== "standby" && encoders.running(stream).length > 1;
}

/**
 * What is wrong with a stream when all is well: it has one owner, at which one of its encoders runs; the others are refused, or stand by.
 * All nodes find the stream at its owner and at its copies, and nowhere else.
 */
export async function wrongOwner(stream: string, context: OwnersContext): Promise<readonly string[]> {
  const { stage, members, encoders, pass } = context;
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
  const owner = members.find(({ node }) => node.state.id === stage.redis.model.owner("srs:1", keyOf(stream)));
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
  const answers = members.map(({ node }) => node.registry.locate(keyOf(stream)));
  await pass();
  const after = having();
  for (const [at, answer] of answers.entries()) {
    const { places } = await answer;
    const name = members[at]?.name;
    const found = names(places.map((place) => members.find((each) => each.node.state.id === place.node.state?.id)));
    const first = places.filter(({ role }) => role === "published").map((place) => place.node.state?.id);
    if (found !== before && found !== after) wrong.push(`${name} finds ${stream} at ${found}, not at ${after}`);
    if (first.join() !== owner?.node.state.id) wrong.push(`${name} finds ${first.length} publishers of ${stream}`);
  }
  return wrong;
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
