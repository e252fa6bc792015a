import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../os/socket-errors.ts";

/** Maximum number of open files, for all clients together. */
const MAX_OPEN = 256;
/** Errors that mean: there is nothing to serve at a path. */
const NOTHING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EPERM", "ENAMETOOLONG", "ENXIO", "EISDIR", "EINVAL"]);

let openFiles = 0;

/** A file open for reading; the owner closes it. */
export interface ServedFile {
  /** Size in bytes and time of the last write (Unix ms), both as of the opening. */
  readonly size: number;
  readonly modifiedMs: number;
  /** Bytes from `at` on, in a buffer of their own; fewer than `length` at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/**
 * Opens a file below a folder. `path` begins with a slash and has no dot segments. Undefined if there is none,
 * or none to serve: not a regular file, or a link to a file outside the folder. `busy`: too many files are open. Other failures
 * are thrown.
 */
export async function openServedFile(
  folder: string,
  path: string,
): Promise<ServedFile | "folder" | "busy" | undefined> {
  if (openFiles >= MAX_OPEN) return "busy";
  openFiles++;
  let handle: FileHandle | undefined;
  let isHandedOut = false;
  try {
    // Does not wait for a pipe's writer.
    handle = await open(join(folder, path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const status = await handle.stat();
    if (await isBelow(await realpath(folder), handle, join(folder, path))) {
      if (status.isDirectory()) return "folder";
      if (status.isFile()) {
        isHandedOut = true;
        return new OpenFile(handle, status.size, status.mtimeMs);
      }
    }
    return undefined;
  } catch (error) {
    if (NOTHING.has(errorCode(error) ?? "")) return undefined;
    throw error;
  } finally {
    if (!isHandedOut) {
      openFiles--;
      await handle?.close();
    }
  }
}

/** Whether the open file lies in a folder, by its real path: as it is open already, nobody can replace it by a link. */
async function isBelow(folder: string, { fd }: FileHandle, path: string): Promise<boolean> {
  const real = await readlink(`/proc/self/fd/${fd}`).catch(() => realpath(path));
  return real === folder || real.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

class OpenFile implements ServedFile {
  readonly size: number;
  readonly modifiedMs: number;
  readonly #handle: FileHandle;
  #reading: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(handle: FileHandle, size: number, modifiedMs: number) {
    this.#handle = handle;
    this.size = size;
    this.modifiedMs = modifiedMs;
  }

  read(at: number, length: number): Promise<Uint8Array> {
    const reading = this.#read(at, length);
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // After a read that is under way, which could otherwise read another file that gets the same descriptor.
    void this.#reading.then(() => this.#handle.close()).finally(() => openFiles--);
  }

  async #read(at: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, at + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }
}
