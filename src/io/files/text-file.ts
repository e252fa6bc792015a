import { UserError } from "../../base/errors.ts";
import { readFileStart, readStandardInput } from "./file.ts";

/** Reads a whole file (or a pipe) of UTF-8 text. Throws UserError that names the file and the reason. */
export function readTextFile(path: string, maxBytes: number): string {
  // One more byte distinguishes a file of the maximum size from a larger one.
  return textOf(readFileStart(path, maxBytes + 1), path, maxBytes);
}

/** The same for standard input, which can be read once only. */
export function readTextInput(maxBytes: number): string {
  return textOf(readStandardInput(maxBytes + 1), "standard input", maxBytes);
}

function textOf(bytes: Uint8Array, path: string, maxBytes: number): string {
  if (bytes.length > maxBytes) throw new UserError(`cannot read ${path}: it is larger than ${maxBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`cannot read ${path}: it is not UTF-8 text`);
  }
}
