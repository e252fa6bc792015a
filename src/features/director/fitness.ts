import type { KnownNode, NodeState } from "../../live/ports/nodes.ts";
import type { StreamName } from "../../live/streams.ts";
import type { Wish } from "./choice.ts";

/** What a client wants of nodes. */
export interface Purpose {
  readonly name: StreamName;
  readonly action: "publish" | "play";
  /** Ids of the servers that a server asks for; none for other clients. */
  readonly hops: readonly string[];
}

/** The key of a stream. */
export function keyOf({ vhost, app, stream }: StreamName): string {
  return `${vhost}/${app}/${stream}`;
}

/** Whether any living node has the stream. */
export function isAnywhere(nodes: readonly KnownNode[], key: string): boolean {
  return nodes.some(({ alive, state }) => alive && state?.streams.has(key));
}

/** Which nodes serve a purpose. Weights are shares of viewers: others go by load alone. */
export function fitnessFor(nodes: readonly KnownNode[], purpose: Purpose): Pick<Wish, "unfit" | "unweighted"> {
  const { name, action, hops } = purpose;
  const key = keyOf(name);
  if (action === "publish") return { unweighted: true, unfit: publishable(nodes, name) };
  if (hops.length === 0)
    return { unfit: ({ streams, fetches }) => whyNotPlay(streams.has(key) || fetches.includes(name.vhost)) };
  // A copy is fetched where the stream is published: any other node would fetch it in turn.
  return {
    unweighted: true,
    unfit: ({ id, streams }) =>
      hops.includes(id) ? "the stream would come back to it" : whyNotPlay(streams.get(key) === "published"),
  };
}

/** An encoder that comes back finds its stream; a new one goes where streams are not fetched, if there is such a node. */
function publishable(nodes: readonly KnownNode[], name: StreamName): Wish["unfit"] {
  const key = keyOf(name);
  const living = nodes.flatMap(({ alive, state }) => (alive && state?.draining === false ? [state] : []));
  const owner = living.find(({ streams }) => streams.get(key) === "published");
  if (owner !== undefined) return ({ id }) => (id === owner.id ? undefined : "another node has its publisher");
  const fetchesIt = ({ fetches }: NodeState) => fetches.includes(name.vhost);
  if (living.every(fetchesIt)) return () => undefined;
  return (state) => (fetchesIt(state) ? "it fetches streams of this vhost" : undefined);
}

function whyNotPlay(has: boolean): string | undefined {
  return has ? undefined : "it neither has the stream nor fetches it";
}
