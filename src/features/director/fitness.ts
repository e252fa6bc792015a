import type { KnownNode, NodeState, StreamPlace, StreamRole } from "../../live/ports/nodes.ts";
import type { StreamName } from "../../live/streams.ts";
import type { Criteria } from "./choice.ts";

/** What a client needs a node for. */
export interface Purpose {
  readonly name: StreamName;
  readonly action: "publish" | "play";
  /** Ids of the servers that a server asks for, or that its stream has passed; none for other clients. */
  readonly hops: readonly string[];
  /** The nodes that have the stream. */
  readonly places: readonly StreamPlace[];
}

/** The key of a stream. */
export function keyOf({ vhost, app, stream }: StreamName): string {
  return `${vhost}/${app}/${stream}`;
}

/** Which nodes serve a purpose. Weights are shares of viewers, so publishers and servers are placed by load alone. */
export function fitnessFor(nodes: readonly KnownNode[], purpose: Purpose): Pick<Criteria, "unfit" | "unweighted"> {
  const { name, action, hops, places } = purpose;
  const roles = new Map(places.map(({ node, role }) => [node.state?.id, role]));
  if (action === "publish") return { unweighted: true, unfit: publishable(nodes, name, roles) };
  if (hops.length === 0)
    return { unfit: ({ id, fetches }) => whyNotPlay(roles.has(id) || fetches.includes(name.vhost)) };
  // A copy is fetched where the stream is published: any other node would fetch it in turn.
  return {
    unweighted: true,
    unfit: ({ id }) =>
      hops.includes(id) ? "the stream would come back to it" : whyNotPlay(roles.get(id) === "published"),
  };
}

/** A reconnecting encoder gets the node with its stream; a new one a node that does not fetch the vhost's streams, if there is one. */
function publishable(
  nodes: readonly KnownNode[],
  name: StreamName,
  roles: ReadonlyMap<string | undefined, StreamRole>,
): Criteria["unfit"] {
  const living = nodes.flatMap(({ alive, state }) => (alive && state?.draining === false ? [state] : []));
  const owner = living.find(({ id }) => roles.get(id) === "published");
  if (owner !== undefined) return ({ id }) => (id === owner.id ? undefined : "another node has its publisher");
  const fetchesIt = ({ fetches }: NodeState) => fetches.includes(name.vhost);
  if (living.every(fetchesIt)) return () => undefined;
  return (state) => (fetchesIt(state) ? "it fetches streams of this vhost" : undefined);
}

function whyNotPlay(has: boolean): string | undefined {
  return has ? undefined : "it neither has the stream nor fetches it";
}
