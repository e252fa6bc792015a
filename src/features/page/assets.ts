/** A file of the page: what a browser gets, ready to send. */
export interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly body: Uint8Array;
  readonly gzip: Uint8Array;
}

/** The files that the build made of `browser/`. */
export interface Assets {
  /** The player's page; undefined where the program was not built, but runs from its sources. */
  readonly page: Asset | undefined;
  /** Addresses of files that pages without scripts name. */
  readonly style: string;
  readonly icon: string;
  /** A file by its address. */
  find(path: string): Asset | undefined;
}

/** The addresses of the page's files begin so. */
export const ASSET_PATH = "/-/page/";
