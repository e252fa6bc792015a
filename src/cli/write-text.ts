import { writeSync } from "node:fs";

/** Wait before a full pipe that does not block is tried again, ms. */
const RETRY_MS = 5;

/** Writes a whole text to a descriptor before it returns. Returns the code of the error if that failed. */
export function writeText(file: number, text: string): string | undefined {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(file, bytes, offset);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      if (code !== "EAGAIN") return code;
      Bun.sleepSync(RETRY_MS);
    }
  }
  return undefined;
}
