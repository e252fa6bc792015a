import { UserError } from "../../base/errors.ts";

/** All that is wrong with one configuration file: a line for each mistake, in the order of the file. */
export class ConfigErrors extends UserError {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.lines = lines;
  }
}
