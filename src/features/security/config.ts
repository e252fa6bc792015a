import { UserError } from "../../base/errors.ts";
import { masked } from "../../base/mask.ts";
import { flagOr, list } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table, type ValueOf } from "../../config/table.ts";
import {
  type AddressRule,
  formatAddressRule,
  parseAddressRule,
  parseTrustRule,
  type TrustRule,
} from "./address-rule.ts";
import { parseReferHost } from "./refer.ts";

/** Minimum length of a key: a shorter one could be guessed from one signed URL. */
const MIN_KEY_CHARS = 16;

/** `[vhost.NAME.security]` */
export const securityTable = table(
  "Who may publish and play: by address, by page, by signed URL. A client must pass all configured rules.",
  {
    enabled: flagOr("auto", {
      default: "auto",
      doc: 'Whether allow and deny are applied; "auto" applies them if there are any, true without any refuses everybody.',
      reload: "live",
    }),
    allow: rules("Who may publish and play: once there is a rule, for whichever action, every client must match one.", [
      "publish 10.0.0.0/8",
      "play all",
    ]),
    deny: rules("Who must not publish or play, even if an allow matches.", ["publish 10.1.2.3", "play 2001:db8::/32"]),
    refer: hosts("Hosts of the web pages, with their subdomains, from which clients may publish and play."),
    refer_publish: hosts("The same for publishers, in addition to refer."),
    refer_play: hosts("The same for players, in addition to refer."),
    publish_keys: keys(
      "Keys of signed URLs: if there are any, publishers need a URL signed with one of them; srs sign uses the first.",
    ),
    play_keys: keys("The same for players."),
    trusted: list<TrustRule>({
      default: [],
      type: `an address or a network behind "publish" or "play", or a list of these`,
      doc: 'Servers that need neither page nor signed URL: "publish" is for those that forward to this server, "play" for those that fetch from it. An edge that asks for one of its clients does not count.',
      example: ["publish 192.168.1.5", "play 192.168.1.8"],
      reload: "live",
      prefixes: ["publish", "play"],
      parse: (value) => parseTrustRule(textOf(value, `a rule such as "play 192.168.1.8"`)),
      toToml: formatAddressRule,
      identity: formatAddressRule,
    }),
  },
);

/** A vhost's security. */
export type Security = ValueOf<typeof securityTable>;

function rules(doc: string, example: readonly string[]) {
  return list<AddressRule>({
    default: [],
    type: `a rule, "all", an address or a network, for one action behind "publish" or "play", or a list of these`,
    doc,
    example,
    reload: "live",
    prefixes: ["publish", "play"],
    parse: (value) => parseAddressRule(textOf(value, `a rule such as "publish 10.0.0.0/8"`)),
    toToml: formatAddressRule,
    identity: formatAddressRule,
  });
}

function hosts(doc: string) {
  return list<string>({
    default: [],
    type: `a host name, "example.com", or a list of these`,
    doc,
    example: ["example.com"],
    reload: "live",
    parse: (value) => parseReferHost(textOf(value, `a host name such as "example.com"`)),
    toToml: (host) => host,
    identity: (host) => host,
  });
}

function keys(doc: string) {
  return list<string>({
    default: [],
    type: `a text of at least ${MIN_KEY_CHARS} characters without spaces, or a list of these`,
    doc,
    reload: "live",
    parse(value) {
      const key = textOf(value, "a text");
      if (/^change[-_]?me/i.test(key)) {
        throw new UserError("is the example's key, which everybody knows; openssl rand -hex 32 makes one of your own");
      }
      if (key.length >= MIN_KEY_CHARS && !/[\s\p{Cc}]/u.test(key)) return key;
      throw new UserError(
        `a key has at least ${MIN_KEY_CHARS} characters and no spaces; openssl rand -hex 32 makes a good one`,
      );
    },
    toToml: (key) => key,
    toShown: () => masked,
    identity: (key) => key,
  });
}

function textOf(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new UserError(`must be ${what}, not ${show(value)}`);
}
