import { parseArgs } from "node:util";
import type { ArgsDef } from "citty";
import { UserError } from "../base/errors.ts";
import { nearest } from "../base/suggest.ts";
import { looksLikeFile } from "./plain-words.ts";

/** The options of every command. */
export const commonOptions = {
  help: { type: "boolean", alias: "h", description: "Print this help" },
  version: { type: "boolean", alias: "v", description: "Print the version and the commit it was built from" },
} as const satisfies ArgsDef;

/** The options that choose the configuration. */
export const confOption = {
  conf: {
    type: "string",
    alias: "c",
    valueHint: "FILE",
    description: "The configuration file (TOML, or .conf in SRS's syntax); - is standard input",
  },
  ignore: {
    type: "string",
    valueHint: "NAME",
    description: "Start without a feature that SRS's file uses and this server lacks, such as dvr; may be repeated",
  },
} as const satisfies ArgsDef;

/** The options of commands that take a configuration and nothing else. */
export const confOptions = { ...confOption, ...commonOptions } as const satisfies ArgsDef;

/** All names given by `--ignore`, which may be repeated or have names separated by commas. */
export function ignoredNames(argv: readonly string[]): string[] {
  return tokensOf(argv, confOption).flatMap((token) => {
    return token.kind === "option" && token.name === "ignore" ? (token.value ?? "").split(",").filter(Boolean) : [];
  });
}

/**
 * Refuses arguments that citty would silently ignore: unknown options, options without a value, stray words. `help` is the
 * command that lists the options. Throws UserError.
 */
export function checkArguments(argv: readonly string[], definitions: ArgsDef, help: string): void {
  const options = withoutPositionals(definitions);
  let words = Object.keys(definitions).length - Object.keys(options).length;
  const seen = new Set<string>();
  for (const token of tokensOf(argv, options)) {
    if (token.kind === "positional" && words-- <= 0) {
      throw new UserError(unexpectedArgument(token.value, options));
    }
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw new UserError(unknownOption(token.rawName, Object.keys(options), help));
    if (seen.has(token.name) && token.name !== "ignore") throw new UserError(`--${token.name} is given twice`);
    seen.add(token.name);
    if (option.type === "boolean" && token.value !== undefined) throw new UserError(`--${token.name} takes no value`);
    if (option.type === "string" && !hasValue(token)) {
      throw new UserError(`${token.rawName} needs a value: ${token.rawName} ${option.valueHint}`);
    }
  }
}

function hasValue(token: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined }): boolean {
  if (token.value === undefined || token.value === "") return false;
  return token.inlineValue === true || token.value === "-" || !token.value.startsWith("-");
}

/** The options among a command's arguments. */
export function withoutPositionals(definitions: ArgsDef): ArgsDef {
  return Object.fromEntries(Object.entries(definitions).filter(([, { type }]) => type !== "positional"));
}

function unexpectedArgument(word: string, options: ArgsDef): string {
  const isConf = looksLikeFile(word) && Object.hasOwn(options, "conf");
  return `unexpected argument "${word}"; ${isConf ? `write --conf ${word}` : "a command comes before the options"}`;
}

function unknownOption(given: string, known: readonly string[], help: string): string {
  const meant = given.startsWith("--") ? nearest(given.slice(2), known) : undefined;
  return `unknown option ${given}${meant === undefined ? `; ${help} lists them` : `; did you mean --${meant}?`}`;
}

function tokensOf(argv: readonly string[], options: ArgsDef) {
  return parseArgs({ args: [...argv], options: nodeOptions(options), strict: false, tokens: true }).tokens;
}

function nodeOptions(options: ArgsDef): Record<string, { type: "string" | "boolean"; short?: string }> {
  const entries = Object.entries(options).map(([name, { type, ...rest }]) => {
    const alias = "alias" in rest && typeof rest.alias === "string" ? { short: rest.alias } : {};
    return [name, { type: type === "boolean" ? "boolean" : "string", ...alias }] as const;
  });
  return Object.fromEntries(entries);
}
