import { UserError } from "../../base/errors.ts";

/** All mistakes in one configuration file: one line each, in the order of the file. */
export class ConfigErrors extends UserError {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    const whole = lines.map(oneLine);
    super(whole.join("\n"));
    this.lines = whole;
  }
}

const MAX_LINE_CHARS = 1000;

/** A message on one line, whatever it quotes. */
export function oneLine(message: string): string {
  const flat = message.replaceAll(/\p{Cc}+/gu, " ");
  return flat.length > MAX_LINE_CHARS ? `${flat.slice(0, MAX_LINE_CHARS)}…` : flat;
}
