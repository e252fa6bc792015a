import type { ApiContext, VhostState } from "./context.ts";
import { idOf, namesOf } from "./ids.ts";
import { ApiError, type Operation, pageOf, pageQuery } from "./operation.ts";
import { boolean, listOf, number, object, string, whole } from "./schema.ts";
import { kilobits } from "./streams.ts";
import type { Traffic } from "./traffic.ts";

const vhost = object({
  id: string,
  name: string,
  enabled: boolean,
  clients: whole,
  streams: whole,
  send_bytes: whole,
  recv_bytes: whole,
  kbps: object({ recv_30s: whole, send_30s: whole }),
  hls: object({ enabled: boolean, fragment: number }),
});

interface Sums {
  clients: number;
  streams: number;
  sent: number;
  received: number;
  sentRate: number;
  receivedRate: number;
}

/** Operations on vhosts. */
export function vhostOperations(context: ApiContext, traffic: Traffic): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/vhosts",
      role: "read",
      summary: "The vhosts of the configuration in effect.",
      query: pageQuery,
      answer: { vhosts: listOf(vhost) },
      run: async (call) => {
        await traffic.fresh();
        const sums = sumsOf(context, traffic);
        const page = pageOf(call);
        return {
          list: "vhosts",
          items: context.vhosts(),
          page,
          write: (each: VhostState) => write(each, sums.get(each.name)),
        };
      },
    },
    {
      method: "GET",
      path: "/api/v1/vhosts/{id}",
      role: "read",
      summary: "One vhost.",
      answer: { vhost },
      run: async ({ params: { id } }) => {
        await traffic.fresh();
        for (const each of context.vhosts())
          if (each.name === id || idOf(each.name) === id)
            return { vhost: write(each, sumsOf(context, traffic).get(each.name)) };
        throw new ApiError(404, "vhost", "there is no vhost of this id; GET /api/v1/vhosts lists those that are");
      },
    },
  ];
}

function sumsOf({ streams }: ApiContext, traffic: Traffic): Map<string, Sums> {
  const all = new Map<string, Sums>();
  for (const stream of streams.all()) {
    const { vhost: name } = namesOf(stream.key);
    let sums = all.get(name);
    if (sums === undefined) {
      sums = { clients: 0, streams: 0, sent: 0, received: 0, sentRate: 0, receivedRate: 0 };
      all.set(name, sums);
    }
    const { publishers, players, sent } = traffic.clientsOf(stream);
    const rates = traffic.ratesOf(stream);
    sums.streams++;
    sums.clients += publishers + players;
    sums.sent += sent;
    sums.received += traffic.receivedBy(stream);
    sums.sentRate += rates.sent;
    sums.receivedRate += rates.received;
  }
  return all;
}

function write({ name, enabled, hls }: VhostState, sums: Sums | undefined): object {
  return {
    id: idOf(name),
    name,
    enabled,
    clients: sums?.clients ?? 0,
    streams: sums?.streams ?? 0,
    send_bytes: sums?.sent ?? 0,
    recv_bytes: sums?.received ?? 0,
    kbps: { recv_30s: kilobits(sums?.receivedRate ?? 0), send_30s: kilobits(sums?.sentRate ?? 0) },
    hls,
  };
}
