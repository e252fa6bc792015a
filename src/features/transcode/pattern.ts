import { UserError } from "../../base/errors.ts";
import type { StreamName } from "../../live/streams.ts";

/** Reads a pattern for `app/stream`, in which `*` is any text; `*` alone is every stream. Throws UserError. */
export function parsePattern(text: string): string {
  if (/[\s\p{Cc}]/u.test(text)) throw new UserError("a stream's name has no spaces");
  if (text !== "*" && !text.includes("/")) throw new UserError('write the app, too: "live/*"');
  return text;
}

/** Whether one of the patterns is for a stream. */
export function matches(patterns: readonly string[], { app, stream }: Pick<StreamName, "app" | "stream">): boolean {
  return patterns.some((pattern) => regExpOf(pattern).test(`${app}/${stream}`));
}

function regExpOf(pattern: string): RegExp {
  const literals = pattern.split("*").map((part) => part.replace(/[\\^$.+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`^${literals.join(".*")}$`, "su");
}
