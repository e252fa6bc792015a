import type { PageAssets } from "../../http/asset.ts";

/** The files that the build made of `browser/`. */
export interface Assets extends PageAssets {
  /** Addresses of the files that pages without scripts link to. */
  readonly style: string;
  readonly icon: string;
}

/** The beginning of the addresses of the page's files. */
export const ASSET_PATH = "/-/page/";
