import type { WrittenLine } from "../../io/log/log-tail.ts";
import type { ApiContext } from "./context.ts";
import { numberOf, type Operation } from "./operation.ts";
import { listOf, number, object, oneOf, string, whole } from "./schema.ts";

const line = object({ number: whole, time: number, level: oneOf("debug", "info", "warn", "error"), line: string });
const endpoint = object({ scheme: oneOf("http", "https"), host: string, port: whole });

/** Operations for the web console: its session, and the log. */
export function consoleOperations({
  nodeId,
  version,
  logTail,
  viewerEndpoints,
}: Pick<ApiContext, "nodeId" | "version" | "logTail" | "viewerEndpoints">): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/session",
      role: "read",
      summary: "Who calls, what they may do, and where this server's viewers are served.",
      answer: {
        session: object({
          user: string,
          role: oneOf("read", "admin"),
          node: string,
          version: string,
          viewers: listOf(endpoint),
        }),
      },
      run: ({ by, role }) => ({ session: { user: by, role, node: nodeId, version, viewers: viewerEndpoints() } }),
    },
    {
      method: "GET",
      path: "/api/v1/log",
      role: "read",
      summary: "The last lines of the log, as they are written there.",
      query: [
        { name: "after", doc: "The number of the last line that the caller has; 0 by default: all that are kept." },
      ],
      answer: { lines: listOf(line) },
      run: (call) => ({
        list: "lines",
        items: logTail.after(numberOf(call.query, "after", 0, Number.MAX_SAFE_INTEGER)),
        write: (item: WrittenLine) => item,
      }),
    },
  ];
}
