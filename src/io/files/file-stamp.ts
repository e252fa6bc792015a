import { statSync } from "node:fs";
import { reasonOf } from "./file.ts";

/** A text that changes when one of the files changes, also when a link points to another file, as certbot's do. */
export function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { ino, size, mtimeMs } = statSync(path);
        return `${ino} ${size} ${mtimeMs}`;
      } catch (error) {
        return reasonOf(error);
      }
    })
    .join("\n");
}
