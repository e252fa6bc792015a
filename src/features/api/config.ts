import { UserError } from "../../base/errors.ts";
import { addresses } from "../../config/addresses.ts";
import { choice, integer, list, text } from "../../config/key.ts";
import { networks } from "../../config/networks.ts";
import { show } from "../../config/show.ts";
import { named, table, type ValueOf } from "../../config/table.ts";

/** `[http_api.user.NAME]` */
const userTable = table("Who may use the API, under the name that they log in with.", {
  password: text({
    default: "",
    type: "a password",
    doc: 'The user\'s password; { file = "PATH" } has it in a file.',
    secret: true,
    reload: "live",
    problem: (value) => (value.length < 8 ? "must have 8 characters or more" : undefined),
  }),
  password_file: text({
    default: "",
    type: "the path of a file",
    doc: "A file with the user's password, in place of password. It is read at the start and at each reload.",
    example: "/etc/srs/ops.password",
    file: "read",
    reload: "live",
  }),
  role: choice(["read", "admin"], {
    default: "read",
    doc: "read: may see everything but secrets; admin: may also kick clients, change forwards, and reload.",
    reload: "live",
  }),
});

/** `[http_api]` */
export const apiTable = table(
  "The HTTP API for administration, and metrics. srs status and its siblings need none of it.",
  {
    listen: addresses({
      default: [],
      doc: "Where the API is served; a bare port is on 127.0.0.1. An address that other machines reach needs users.",
      example: 1985,
      protocol: "http",
      bareHost: "127.0.0.1",
    }),
    hosts: list<string>({
      default: [],
      type: "a host name, or a list of these",
      doc: "Names by which requests without credentials may address the API, besides localhost and IP addresses.",
      example: "live1.example.com",
      reload: "live",
      parse: readHost,
      toToml: (host) => host,
      identity: (host) => host,
    }),
    metrics_from: networks("Who gets /metrics without a password.", ["10.0.0.0/8"]),
    metrics_streams: integer({
      default: 100,
      unit: "streams",
      min: 0,
      max: 10_000,
      doc: "How many streams have metrics of their own, those with most viewers first; the others are summed.",
      reload: "live",
    }),
    max_requests_per_minute: integer({
      default: 1200,
      unit: "",
      min: 1,
      max: 1_000_000,
      doc: "How many requests an address may make a minute; it gets 429 for more.",
      reload: "live",
    }),
    user: named({ table: userTable, implied: undefined, nameProblem: userNameProblem }),
  },
);

/** The table of the API, complete. */
export type ApiConfig = ValueOf<typeof apiTable>;

function userNameProblem(name: string): string | undefined {
  return /^[A-Za-z0-9_.@-]{1,64}$/.test(name) ? undefined : "a user's name has letters, digits, and _ . @ -";
}

function readHost(value: unknown): string {
  if (typeof value === "string" && /^[A-Za-z0-9._-]+$/.test(value)) return value.toLowerCase();
  throw new UserError(`must be a host name, not ${show(value)}`);
}
