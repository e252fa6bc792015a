import type { Path } from "../show.ts";
import type { Tree } from "../tree.ts";

/** Where a configuration value is written. */
export interface Place {
  /** A file and a line, or a variable: the beginning of a message. */
  readonly at: string;
  /** The text written there, if it differs from the key's own path. */
  readonly as?: string | undefined;
  /** Messages come in this order. */
  readonly order: number;
}

/** A configuration as written, from any source, values by key and not yet validated. */
export interface Document {
  readonly tree: Tree;
  /** Mistakes that the values don't show, as whole lines. */
  readonly errors: readonly { readonly order: number; readonly text: string }[];
  /** What is left unused, one line each. */
  readonly warnings: readonly string[];
  /** Where a key, a table or an item of a list is written; undefined when it is not. */
  place(path: Path): Place | undefined;
}

/** The place of a path, or of the nearest table above it that is written. */
export function nearestPlace(document: Document, path: Path): Place | undefined {
  for (let length = path.length; length > 0; length--) {
    const place = document.place(path.slice(0, length));
    if (place !== undefined) return place;
  }
  return undefined;
}
