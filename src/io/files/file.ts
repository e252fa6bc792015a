import { closeSync, openSync, readSync } from "node:fs";
import { messageOf, UserError } from "../../base/errors.ts";

/** Reads a file (or a pipe) of any size up to its first `maxBytes`. Throws UserError that names the file and the reason. */
export function readFileStart(path: string, maxBytes: number): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      return readToEnd(file, maxBytes);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The same for standard input, which can be read once only. */
export function readStandardInput(maxBytes: number): Uint8Array {
  try {
    return readToEnd(0, maxBytes);
  } catch (error) {
    throw new UserError(`cannot read standard input: ${reasonOf(error)}`, { cause: error });
  }
}

function readToEnd(file: number, maxBytes: number): Uint8Array {
  // Memory that is never written costs nothing.
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  let read = -1;
  while (read !== 0 && length < bytes.length) {
    read = readSync(file, bytes, length, bytes.length - length, null);
    length += read;
  }
  return bytes.subarray(0, length);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  ENXIO: "nobody reads this pipe",
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EFBIG: "the file is too large",
};

/** The reason of a failed file operation, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? messageOf(error);
}
