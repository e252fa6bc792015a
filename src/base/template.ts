import { UserError } from "./errors.ts";

/** A text with placeholders in brackets, such as `[stream]`, parsed once and filled in many times. */
export class Template {
  /** The text as it was written. */
  readonly text: string;
  /** Literal texts at even indices, names of placeholders at odd ones. */
  readonly #parts: readonly string[];

  /** Throws UserError for a placeholder that is not in `allowed`, and for an unmatched bracket. */
  constructor(text: string, allowed: readonly string[]) {
    this.text = text;
    this.#parts = text.split(/\[([^[\]]*)\]/);
    for (const [index, part] of this.#parts.entries()) {
      if (index % 2 === 0 && /[[\]]/.test(part)) throw new UserError(`"${text}" has an unmatched bracket`);
      if (index % 2 === 1 && !allowed.includes(part)) {
        throw new UserError(`unknown placeholder [${part}]; ${choice(allowed)}`);
      }
    }
  }

  /** The text with each placeholder replaced by `value(name)`. */
  expand(value: (name: string) => string): string {
    return this.#parts.map((part, index) => (index % 2 === 0 ? part : value(part))).join("");
  }
}

function choice(allowed: readonly string[]): string {
  return allowed.length === 0 ? "none is allowed here" : `allowed: ${allowed.map((name) => `[${name}]`).join(" ")}`;
}
