/** A file for browsers, ready to send. */
export interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly body: Uint8Array;
  readonly gzip: Uint8Array;
}

/** A page and its files, as the build made them. */
export interface PageAssets {
  /** Undefined if the program runs from its sources, without a build. */
  readonly page: Asset | undefined;
  /** A file of the page by its address. */
  find(path: string): Asset | undefined;
}

/** Headers of a page's files, whose names change with their content. */
export const assetHeaders: Readonly<Record<string, string>> = {
  "cache-control": "public, max-age=31536000, immutable",
};
