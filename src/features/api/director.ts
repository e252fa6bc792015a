import type { DirectedNode, DirectorQuestion } from "../../live/ports/director.ts";
import type { ApiContext } from "./context.ts";
import { nodeWord } from "./nodes.ts";
import { ApiError, type Operation, type Parameter } from "./operation.ts";
import { boolean, listOf, number, object, oneOf, orNull, string, whole } from "./schema.ts";

const query: readonly Parameter[] = [
  { name: "vhost", doc: "The vhost's name as clients say it; the default vhost without it." },
  { name: "app", doc: "The stream's app." },
  { name: "stream", doc: "The stream's name." },
  { name: "action", doc: "play, the default, or publish." },
  { name: "protocol", doc: "The only scheme that the client can use: rtmp, rtmps, http or https." },
  { name: "client", doc: "What the client is known by, such as its address: it comes to the same node again." },
  { name: "zone", doc: "Where the client is; this server's zone without it." },
];

const node = object({
  id: orNull(string),
  self: boolean,
  peer: string,
  state: oneOf("alive", "draining", "dead"),
  reason: orNull(string),
  use: number,
  connections: whole,
  on_the_way: whole,
});

/** Asks the director for a client's node, and why it was chosen. */
export function directorOperations({ director }: Pick<ApiContext, "director">): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/director",
      role: "read",
      summary:
        "The node where a client is to watch or publish a stream, with the load of all and why some are left out.",
      query,
      answer: { director: object({ stream: string, node: orNull(string), urls: listOf(string), nodes: listOf(node) }) },
      async run(call) {
        const of = (name: string) => call.query.get(name) ?? "";
        const question: DirectorQuestion = {
          ...{ vhost: of("vhost"), app: of("app"), stream: of("stream"), action: of("action") },
          ...{ protocol: of("protocol"), client: of("client"), zone: of("zone") },
        };
        const answer = await director(question);
        if (!answer.ok && answer.kind !== "node")
          throw new ApiError(answer.kind === "input" ? 400 : 404, answer.kind, answer.reason);
        const { stream } = answer;
        const [id, urls] = answer.ok ? [answer.id, answer.urls] : [null, []];
        return { director: { stream, node: id, urls, nodes: answer.nodes().map(write) } };
      },
    },
  ];
}

function write({ node, reason, use, onTheWay }: DirectedNode) {
  const { isSelf, source, state } = node;
  return {
    ...{ id: state?.id ?? null, self: isSelf, peer: source, state: nodeWord(node), reason: reason ?? null },
    ...{ use: Math.round(1000 * use) / 1000, connections: state?.load.connections ?? 0, on_the_way: onTheWay },
  };
}
