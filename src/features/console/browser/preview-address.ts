import { previewOrigins } from "../preview.ts";
import type { Session, StreamAnswer } from "./api-answers.ts";
import { vhostOf } from "./format.ts";

/** Endings that may mean a file in an address: no page is there without another one. */
const FILE_ENDING = /\.[a-z][a-z0-9]*$/i;

/** Where the stream's page is; undefined when no server of this machine has one for a console of this scheme. */
export function previewAddress(
  { app, name, tcUrl }: Pick<StreamAnswer, "app" | "name" | "tcUrl">,
  viewers: Session["viewers"],
  { protocol, hostname }: { readonly protocol: string; readonly hostname: string },
): string | undefined {
  const origins = previewOrigins(hostname, viewers);
  // A page with TLS shows none without.
  const origin =
    origins.find((each) => each.startsWith(`${protocol}//`)) ?? origins.find((each) => each.startsWith("https:"));
  if (origin === undefined) return undefined;
  const path = [...app.split("/"), name].map((level) => encodeURIComponent(level.toWellFormed())).join("/");
  const vhost = vhostOf(tcUrl);
  const query = vhost === "__defaultVhost__" ? "" : `?vhost=${encodeURIComponent(vhost)}`;
  return `${origin}/${path}${FILE_ENDING.test(name) ? ".html" : ""}${query}`;
}
