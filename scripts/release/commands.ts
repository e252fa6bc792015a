// The commands as the program declares them, flat: what the man page and the completions are made of.
import type { ArgsDef } from "citty";
import type { Command } from "../../src/cli/command.ts";
import type { CommandSet } from "../../src/cli/dispatch.ts";
import { rootCommands } from "../../src/cli/run.ts";

/** One command, with the words after `srs`; none for the server itself. */
export interface FlatCommand {
  readonly words: readonly string[];
  readonly call: string;
  readonly does: string;
  readonly options: readonly Option[];
}

/** One option of a command. */
export interface Option {
  readonly name: string;
  readonly short: string | undefined;
  /** What its value is, in capitals; undefined when it takes none. */
  readonly value: string | undefined;
  readonly does: string;
}

/** All commands, the server first, then in the order of the help. */
export function flatCommands(): readonly FlatCommand[] {
  const root = rootCommands({ out: () => undefined, err: () => undefined });
  return [...(root.alone === undefined ? [] : [flat([], root.alone)]), ...below(root, [])];
}

function below(set: CommandSet, words: readonly string[]): FlatCommand[] {
  return [...set.commands].flatMap(([name, entry]) =>
    "commands" in entry ? below(entry, [...words, name]) : [flat([...words, name], entry)],
  );
}

function flat(words: readonly string[], { line, options }: Command): FlatCommand {
  return { words, call: line.call, does: line.does, options: optionsOf(options) };
}

function optionsOf(options: ArgsDef): Option[] {
  return Object.entries(options).flatMap(([name, option]) => {
    if (option.type === "positional") return [];
    const short = "alias" in option && typeof option.alias === "string" ? option.alias : undefined;
    const value = option.type === "boolean" ? undefined : (option.valueHint ?? "VALUE");
    return [{ name, short, value, does: option.description ?? "" }];
  });
}
