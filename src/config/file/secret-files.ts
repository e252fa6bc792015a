import { UserError } from "../../base/errors.ts";
import { writtenKeys } from "../find.ts";
import { type Path, showPath } from "../show.ts";
import type { Table } from "../table.ts";
import { isTree, type Tree } from "../tree.ts";
import { valueOfText } from "../words.ts";
import { type Document, type Location, nearestLocation } from "./document.ts";
import { Overlay } from "./overlay.ts";

/** Reads the text of a secret's file; throws UserError. */
export type ReadSecret = (path: string) => string;

/** The document with each `key = { file = "PATH" }`, and each such item of a list, replaced by the content of the file. */
export function withSecretFiles(root: Table, document: Document, read: ReadSecret): Document {
  const result = new Overlay(document);
  for (const { path, key, value } of writtenKeys(root, document.tree)) {
    const isRead = isTree(value)
      ? replace(path, value, (text) => valueOfText(key, text))
      : !key.isList || !Array.isArray(value) || replaceItems(path, value);
    // A file that can't be read is reported already: it must not be reported as a wrong value, too.
    if (!isRead) result.set(path, undefined, locationOf(path));
  }
  return result;

  function replaceItems(path: Path, items: readonly unknown[]): boolean {
    const isRead = items.map((item, index) => !isTree(item) || replace([...path, index], item, (text) => text));
    return !isRead.includes(false);
  }

  function replace(path: Path, value: Tree, meaning: (text: string) => unknown): boolean {
    const { at, order } = locationOf(path);
    try {
      const file = fileOf(value);
      result.set(path, meaning(read(file)), { at: `${at} (${file})`, order });
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      result.errors.push({ order, text: `${at}: ${showPath(path)}: ${error.message}` });
      return false;
    }
  }

  function locationOf(path: Path): Location {
    return nearestLocation(document, path) ?? { at: "configuration", order: 0 };
  }
}

function fileOf({ file, ...others }: Tree): string {
  if (typeof file === "string" && Object.keys(others).length === 0) return file;
  throw new UserError('must be a value, or { file = "PATH" } for a file that has it');
}
