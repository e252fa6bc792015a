import type { Path } from "../show.ts";
import type { Tree } from "../tree.ts";

/** Where a value of a configuration is written. */
export interface Place {
  /** A file and a line, or a variable: what a message begins with. */
  readonly at: string;
  /** What is written there, where that is not the key's own path. */
  readonly as?: string | undefined;
  /** Messages come in this order. */
  readonly order: number;
}

/** A configuration as it is written, whatever in: by keys, and not yet checked. */
export interface Document {
  readonly tree: Tree;
  /** Mistakes that its values don't show, whole lines. */
  readonly errors: readonly { readonly order: number; readonly text: string }[];
  /** What is left unused, one line each. */
  readonly warnings: readonly string[];
  /** Where a key, a table or an item of a list is written; undefined when it is not. */
  place(path: Path): Place | undefined;
}

/** Where a path, or the nearest table above it that is written, stands. */
export function nearestPlace(document: Document, path: Path): Place | undefined {
  for (let length = path.length; length > 0; length--) {
    const place = document.place(path.slice(0, length));
    if (place !== undefined) return place;
  }
  return undefined;
}
