import type { ArgsDef } from "citty";
import { loadConfig } from "../app/config/index.ts";
import { Vhosts } from "../app/vhosts.ts";
import { UserError } from "../base/errors.ts";
import { signedUrl } from "../features/security/signed-url.ts";
import { type Command, command } from "./command.ts";
import { commonOptions, confOption, ignoredNames } from "./options.ts";
import type { Output } from "./output.ts";

const options = {
  url: { type: "positional", required: false },
  ...confOption,
  publish: { type: "boolean", description: "Sign for publishing" },
  play: { type: "boolean", description: "Sign for playing" },
  for: { type: "string", valueHint: "TIME", description: "How long the URL is valid: 90s, 30m, 1h, 7d (1h)" },
  until: {
    type: "string",
    valueHint: "TIME",
    description: "When the URL expires, instead of --for: 2026-12-31T20:00:00Z",
  },
  address: { type: "string", valueHint: "IP", description: "The one address that may use the URL" },
  ...commonOptions,
} as const satisfies ArgsDef;

const unitSeconds: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);
const DEFAULT_SECONDS = 3600;

/** `srs sign URL`: prints the URL with a signature that the server of this configuration accepts. */
export function signCommand({ out, err }: Output): Command {
  return command({
    call: "srs sign URL --conf FILE",
    does: "Sign a URL for publishing or playing, valid for a limited time",
    options,
    run(args, argv) {
      if (args.url === undefined) throw new UserError("which URL? Give it as in srs sign rtmp://host/live/livestream");
      if (args.publish && args.play) throw new UserError("a URL is signed for one thing: --publish or --play");
      const { config } = loadConfig(args.conf, process.env, ignoredNames(argv));
      const vhosts = new Vhosts(() => config.vhost);
      const action = args.publish ? "publish" : args.play ? "play" : undefined;
      const now = Date.now() / 1000;
      const until = untilOf(args, now);
      if (until <= now) err("srs: the time is in the past; the URL is not valid");
      out(signedUrl(args.url, { action, until, address: args.address, findVhost: (name) => vhosts.find(name) }));
      return 0;
    },
  });
}

/** Unix time in seconds. */
function untilOf(
  args: { readonly for?: string | undefined; readonly until?: string | undefined },
  now: number,
): number {
  if (args.until === undefined) return now + (args.for === undefined ? DEFAULT_SECONDS : durationOf(args.for));
  if (args.for !== undefined) throw new UserError("--for and --until exclude each other; give one of them");
  const until = /^[0-9]+$/.test(args.until) ? Number(args.until) : Date.parse(args.until) / 1000;
  if (!(until >= 0 && until < 1e12))
    throw new UserError(`--until takes a time such as 2026-12-31T20:00:00Z, not "${args.until}"`);
  return until;
}

function durationOf(text: string): number {
  const [, count = "", unit = ""] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (unitSeconds.get(unit) ?? Number.NaN);
  if (!(seconds > 0)) throw new UserError(`--for takes a time such as 90s, 30m, 1h or 7d, not "${text}"`);
  return seconds;
}
