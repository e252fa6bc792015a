import type { ArgsDef } from "citty";
import { commonOptions } from "./options.ts";

/** One way to call the program, and what it does. */
export interface UsageLine {
  readonly call: string;
  readonly does: string;
}

/** The help text: title, the ways to call, the options, those of every command last. */
export function usage(title: string, calls: readonly UsageLine[], options: ArgsDef): string {
  const isCommon = (name: string) => Number(Object.hasOwn(commonOptions, name));
  const sorted = Object.entries(options).toSorted(([a], [b]) => isCommon(a) - isCommon(b));
  const optionRows = sorted.map(([name, option]): [string, string] => {
    const short = "alias" in option && typeof option.alias === "string" ? `-${option.alias}, ` : "    ";
    const value = option.valueHint === undefined ? "" : ` ${option.valueHint}`;
    return [`${short}--${name}${value}`, option.description ?? ""];
  });
  const callRows = calls.map(({ call, does }): [string, string] => [call, does]);
  return [title, "", "Usage:", ...columns(callRows), "", "Options:", ...columns(optionRows)].join("\n");
}

function columns(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`);
}
