import { UserError } from "../../base/errors.ts";
import { flag, list } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table, type ValueOf } from "../../config/table.ts";

/** `[http_server.page]` */
export const pageTable = table("The page with a player that each stream has, at /app/stream.", {
  enabled: flag({ default: true, doc: "Whether streams have a page.", reload: "live" }),
  list_streams: flag({
    default: false,
    doc: "Whether / lists the live streams of the vhost with links to their pages, for everybody.",
    reload: "live",
  }),
  embed: list<string>({
    default: [],
    type: `a host name, "example.com", "none", or a list of these`,
    doc: `Hosts, with their subdomains, whose pages may show a stream's page in a frame; without any, all may. "none" forbids it to all.`,
    example: ["example.com"],
    reload: "live",
    parse: parseHost,
    toToml: (host) => host,
    identity: (host) => host,
  }),
});

/** Configuration of pages. */
export type PageConfig = ValueOf<typeof pageTable>;

function parseHost(value: unknown): string {
  if (typeof value !== "string") throw new UserError(`must be a host name such as "example.com", not ${show(value)}`);
  const host = value.toLowerCase().replace(/^\./, "");
  if (/^(?:[a-z0-9_-]+\.)*[a-z0-9_-]+$/.test(host)) return host;
  throw new UserError(`"${value}" is not a host name such as "example.com", which its subdomains belong to`);
}
