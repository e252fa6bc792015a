import { hasFileEnding } from "../../http/content-type.ts";
import type { StreamName } from "../../live/streams.ts";
import type { Assets } from "./assets.ts";

/** More streams than this are not listed, only counted. */
const MAX_LISTED = 1000;

/**
 * The page that lists live streams of one vhost with links to their pages. `query` is that of the links: the
 * vhost, if the address named it. Names come from publishers and are escaped.
 */
export function renderStreamList(
  streams: readonly StreamName[],
  query: string,
  assets: Pick<Assets, "style" | "icon">,
): string {
  const sorted = [...streams].sort((a, b) => compare(a.app, b.app) || compare(a.stream, b.stream));
  const items = sorted.slice(0, MAX_LISTED).map((name) => item(name, query));
  const more = sorted.length - items.length;
  const list = items.length === 0 ? "<p>No stream is live.</p>" : `<ul>\n${items.join("\n")}\n</ul>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Live streams</title>
<link rel="icon" type="image/svg+xml" href="${escapeHtml(assets.icon)}">
<link rel="stylesheet" href="${escapeHtml(assets.style)}">
</head>
<body class="list">
<main>
<h1>Live streams</h1>
${list}${more > 0 ? `\n<p>And ${more} more.</p>` : ""}
</main>
</body>
</html>
`;
}

function item({ app, stream }: StreamName, query: string): string {
  const path = [...app.split("/"), stream].map((level) => encodeURIComponent(level.toWellFormed())).join("/");
  // A stream whose name ends like a file's has its page only with .html.
  const ending = hasFileEnding(stream) ? ".html" : "";
  return `<li><a href="/${escapeHtml(path)}${ending}${escapeHtml(query)}">${escapeHtml(`${app}/${stream}`)}</a></li>`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
