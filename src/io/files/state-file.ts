import { existsSync } from "node:fs";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../base/errors.ts";
import { errorCode } from "../os/socket-errors.ts";
import { reasonOf } from "./file.ts";
import { readTextFile } from "./text-file.ts";

/** Maximum size, bytes: a larger file is no state file. */
const MAX_BYTES = 1 << 20;

/** A small file that keeps a feature's state for the next start. Only the server's user may read it. */
export class StateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Its text; undefined when there is no such file. Throws UserError. */
  read(): string | undefined {
    return existsSync(this.path) ? readTextFile(this.path, MAX_BYTES) : undefined;
  }

  /** Replaces the text, and makes the folder. A failure or a power cut leaves the old or the new text, whole. Rejects with UserError. */
  async write(text: string): Promise<void> {
    const beside = `${this.path}.${process.pid}.new`;
    try {
      await mkdir(dirname(this.path), { recursive: true });
      // Created anew: a link that someone has placed there is not followed.
      await unlink(beside).catch((error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw error;
      });
      const file = await open(beside, "wx", 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.path);
    } catch (error) {
      await unlink(beside).catch(() => undefined);
      throw new UserError(`cannot write ${this.path}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

/** The state file of a path; undefined for an empty path. */
export function stateFile(path: string): StateFile | undefined {
  return path === "" ? undefined : new StateFile(path);
}
