import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ASSET_PATH, type Asset, type Assets } from "../features/page/assets.ts";

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** Where the build puts the page's files in the executable; no such folder in the sources. */
const embedded = join(import.meta.dir, "page");

/** The page's files in a folder that `scripts/bundle-page.ts` has made. Each is read when it is asked for first. */
export function pageAssets(directory = embedded): Assets {
  const names = new Set(existsSync(directory) ? readdirSync(directory).filter((name) => !name.endsWith(".gz")) : []);
  const read = new Map<string, Asset>();
  const find = (name: string): Asset | undefined => {
    if (!names.has(name)) return undefined;
    const asset = read.get(name) ?? readAsset(directory, name);
    read.set(name, asset);
    return asset;
  };
  const address = (ending: string): string => {
    const name = [...names].find((each) => each.endsWith(ending));
    return name === undefined ? "" : ASSET_PATH + name;
  };
  return {
    get page() {
      return find("index.html");
    },
    style: address(".css"),
    icon: address(".svg"),
    find: (path) => (path.endsWith(".html") ? undefined : find(path.slice(ASSET_PATH.length))),
  };
}

function readAsset(directory: string, name: string): Asset {
  const body = readFileSync(join(directory, name));
  const type = types[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  return { type, etag: `"${Bun.hash(body).toString(36)}"`, body, gzip: readFileSync(join(directory, `${name}.gz`)) };
}
