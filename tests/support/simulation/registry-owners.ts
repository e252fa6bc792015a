import type { FakeNode } from "../fake-node.ts";
import type { ProcessClock } from "../process-clock.ts";
import type { Encoder, EncoderFeed } from "../registry-stage.ts";

/** A process of a node. */
export interface Member {
  readonly name: string;
  readonly node: FakeNode;
  readonly clock: ProcessClock;
  /** Since when nothing has happened to it, its way to Redis and its links, ms. */
  since: number;
  drains: boolean;
}

/** An encoder of one stream, which comes back when it was refused or has lost its connection. */
export interface Sender {
  readonly stream: string;
  readonly feed: EncoderFeed;
  /** A rival gives up when it is refused. */
  readonly isRival: boolean;
  push: Encoder | undefined;
  at: Member | undefined;
  retryAt: number;
  /** Since when it sends to the same node, ms. */
  since: number;
}

/** What is wrong in the end: each stream has one owner, which is where its encoder is, and nothing is told that is not. */
export async function wrongOwners(
  members: readonly Member[],
  senders: readonly Sender[],
  pass: () => Promise<void>,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { stream, push, at } of senders) {
    if (push?.told.join() !== "running") wrong.push(`the encoder of ${stream} does not run`);
    const owners = members.filter(({ node }) => node.stream(stream).source?.info.via === "client");
    if (owners.length !== 1 || owners[0] !== at)
      wrong.push(`${stream} is published at ${owners.map(({ name }) => name)}, not at ${at?.name}`);
    for (const { name, node } of members) {
      const answer = node.registry.locate(`__defaultVhost__/live/${stream}`);
      await pass();
      const { places } = await answer;
      const found = places.map(({ node: { state } }) => nameOf(state?.id)).toSorted();
      const having = members.filter((each) => each.node.stream(stream).source !== undefined).map((each) => each.name);
      if (found.join() !== having.toSorted().join())
        wrong.push(`${name} finds ${stream} at ${found}, not at ${having}`);
    }
  }
  return wrong;
}

/** The name of a node by its id. */
function nameOf(id = ""): string {
  return Buffer.from(id, "hex").toString().split(":")[0] ?? "";
}
