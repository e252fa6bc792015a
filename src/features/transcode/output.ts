import { UserError } from "../../base/errors.ts";
import { Template } from "../../base/template.ts";
import type { StreamName } from "../../live/streams.ts";
import { maskTarget, parseTarget, type RelayTarget, targetIdentity } from "../../relay/target.ts";

/** The placeholders in a result's name. */
const names = ["vhost", "app", "stream", "engine"] as const;

/** The destination of a result: a stream of this server, or another server. */
export type Output =
  | {
      readonly kind: "stream";
      readonly text: string;
      readonly vhost: Template;
      readonly app: Template;
      readonly stream: Template;
    }
  | { readonly kind: "server"; readonly text: string; readonly target: RelayTarget };

/** Reads `vhost/app/stream`, with the placeholders [vhost], [app], [stream] and [engine], or an rtmp(s):// URL. Throws UserError. */
export function parseOutput(text: string): Output {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return { kind: "server", text, target: parseTarget(text) };
  const parts = text.split("/");
  if (/[\s?#&\p{Cc}]/u.test(text)) throw new UserError("a stream's name has no spaces and no parameters");
  if (parts.length < 3 || parts.includes("")) {
    throw new UserError(`must be a stream, "vhost/app/stream", or a server, "rtmp://host/app/stream"`);
  }
  const [vhost = "", ...rest] = parts;
  return {
    kind: "stream",
    text,
    vhost: new Template(vhost, names),
    app: new Template(rest.slice(0, -1).join("/"), names),
    stream: new Template(rest.at(-1) ?? "", names),
  };
}

/** The stream that a result becomes. */
export function outputName(output: Extract<Output, { kind: "stream" }>, from: StreamName, engine: string): StreamName {
  const value = (name: string) => ({ ...from, engine })[name as (typeof names)[number]];
  return {
    vhost: output.vhost.expand(value),
    app: output.app.expand(value),
    stream: output.stream.expand(value),
  };
}

/** The output without its secrets. */
export function shownOutput(output: Output): string {
  return output.kind === "stream" ? output.text : maskTarget(output.target);
}

/** The same text for two spellings of one output. */
export function outputIdentity(output: Output): string {
  return output.kind === "stream" ? output.text : targetIdentity(output.target);
}
