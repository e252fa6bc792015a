import type { Path } from "../show.ts";
import type { Tree } from "../tree.ts";

/** Where a configuration value is written. */
export interface Location {
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
  /** Warnings about unused parts, one line each. */
  readonly warnings: readonly string[];
  /** Where a key, a table or an item of a list is written; undefined when it is not. */
  location(path: Path): Location | undefined;
}

/** The location of a path, or of the nearest table above it that is written. */
export function nearestLocation(document: Document, path: Path): Location | undefined {
  for (let length = path.length; length > 0; length--) {
    const location = document.location(path.slice(0, length));
    if (location !== undefined) return location;
  }
  return undefined;
}
