import type { PageAssets } from "../../http/asset.ts";

/** The files that the build made of `browser/`. */
export interface Assets extends PageAssets {
  /** Addresses of files that pages without scripts name. */
  readonly style: string;
  readonly icon: string;
}

/** The addresses of the page's files begin so. */
export const ASSET_PATH = "/-/page/";
