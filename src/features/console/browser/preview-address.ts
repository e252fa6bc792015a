import { previewOrigins } from "../preview.ts";
import type { Session, StreamAnswer } from "./api-answers.ts";
import { vhostOf } from "./format.ts";

/** Endings of names that look like files: the page of such a stream has .html appended. */
const FILE_ENDING = /\.[a-z][a-z0-9]*$/i;

/** The address of the stream's page; undefined if this server has none that a console of this scheme can show. */
export function previewAddress(
  { app, name, tcUrl }: Pick<StreamAnswer, "app" | "name" | "tcUrl">,
  viewers: Session["viewers"],
  { protocol, hostname }: { readonly protocol: string; readonly hostname: string },
): string | undefined {
  const origins = previewOrigins(hostname, viewers);
  // A page loaded by HTTPS can't frame one loaded by HTTP.
  const origin =
    origins.find((each) => each.startsWith(`${protocol}//`)) ?? origins.find((each) => each.startsWith("https:"));
  if (origin === undefined) return undefined;
  const path = [...app.split("/"), name].map((level) => encodeURIComponent(level.toWellFormed())).join("/");
  const vhost = vhostOf(tcUrl);
  const query = vhost === "__defaultVhost__" ? "" : `?vhost=${encodeURIComponent(vhost)}`;
  return `${origin}/${path}${FILE_ENDING.test(name) ? ".html" : ""}${query}`;
}
