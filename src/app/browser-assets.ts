import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONSOLE_PATH } from "../features/console/console.ts";
import { ASSET_PATH, type Assets } from "../features/page/assets.ts";
import type { Asset, PageAssets } from "../http/asset.ts";

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** The folder where the build puts files in the executable; the sources have no such folder. */
const embedded = (name: string) => join(import.meta.dir, name);

/** The stream page's files in a folder that `scripts/bundle-page.ts` has made. */
export function pageAssets(directory = embedded("page")): Assets {
  const folder = new AssetFolder(directory, ASSET_PATH);
  return {
    get page() {
      return folder.page;
    },
    style: folder.address(".css"),
    icon: folder.address(".svg"),
    find: (path) => folder.find(path),
  };
}

/** The console's files in a folder like the stream page's. */
export function consoleAssets(directory = embedded("console")): PageAssets {
  return new AssetFolder(directory, CONSOLE_PATH);
}

/** A page with its files in a folder. Each is read at its first request. */
class AssetFolder implements PageAssets {
  readonly #directory: string;
  /** The beginning of the files' addresses. */
  readonly #path: string;
  readonly #names: ReadonlySet<string>;
  readonly #read = new Map<string, Asset>();

  constructor(directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
    this.#names = new Set(existsSync(directory) ? readdirSync(directory).filter((name) => !name.endsWith(".gz")) : []);
  }

  get page(): Asset | undefined {
    return this.#file("index.html");
  }

  find(path: string): Asset | undefined {
    return path.endsWith(".html") ? undefined : this.#file(path.slice(this.#path.length));
  }

  /** The address of the file with this ending. */
  address(ending: string): string {
    const name = [...this.#names].find((each) => each.endsWith(ending));
    return name === undefined ? "" : this.#path + name;
  }

  #file(name: string): Asset | undefined {
    if (!this.#names.has(name)) return undefined;
    const asset = this.#read.get(name) ?? readAsset(this.#directory, name);
    this.#read.set(name, asset);
    return asset;
  }
}

function readAsset(directory: string, name: string): Asset {
  const body = readFileSync(join(directory, name));
  const type = types[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  return { type, etag: `"${Bun.hash(body).toString(36)}"`, body, gzip: readFileSync(join(directory, `${name}.gz`)) };
}
