import { mkdir, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../os/socket-errors.ts";
import { reasonOf } from "./file.ts";

/** Writes files so that readers find each file whole or not at all. Errors have the reason in words. */
export const fileStore = {
  /** Writes a file under a temporary name, then renames it; makes missing folders. Rejects when that fails. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const unfinished = `${path}.tmp`;
    try {
      try {
        await writeFile(unfinished, bytes);
      } catch (error) {
        if (errorCode(error) !== "ENOENT") throw error;
        await mkdir(dirname(path), { recursive: true });
        await writeFile(unfinished, bytes);
      }
      await rename(unfinished, path);
    } catch (error) {
      await unlink(unfinished).catch(() => undefined);
      throw new Error(reasonOf(error), { cause: error });
    }
  },

  /** Deletes a file; a missing file is no error. */
  async remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw new Error(reasonOf(error), { cause: error });
    }
  },

  /** Names of a folder's entries; none if there is no such folder. */
  async list(folder: string): Promise<string[]> {
    try {
      return await readdir(folder);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return [];
      throw new Error(reasonOf(error), { cause: error });
    }
  },
} as const;
