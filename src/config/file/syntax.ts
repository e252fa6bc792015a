import type { TomlError } from "smol-toml";
import { showKey, showName } from "../show.ts";

/** The mistake in a line that is not TOML, on one line, with a correction if one can be guessed. */
export function explainSyntax(text: string, error: TomlError): string {
  const line = text.split(/\r?\n/)[error.line - 1] ?? "";
  const directive = srsDirective(line);
  if (directive !== undefined) return `this is SRS's own syntax; TOML writes ${directive}`;
  const [, key, unquoted] = /^\s*([\w."'-]+)\s*=\s*([^\s"'[{#][^#]*?)\s*(?:#.*)?$/.exec(line) ?? [];
  if (unquoted?.endsWith(";")) return "not TOML: a line does not end with a semicolon";
  const message = firstLine(error.message);
  if (unquoted === undefined || message !== "invalid value") return `not TOML: ${message}`;
  const word = booleans.get(unquoted.toLowerCase());
  if (word !== undefined) return `not TOML: write ${word} instead of ${unquoted}`;
  return `not TOML: text needs quotes, as in ${key} = "…"`;
}

const booleans = new Map([
  ["on", true],
  ["yes", true],
  ["true", true],
  ["off", false],
  ["no", false],
  ["false", false],
]);

/** `gop_cache on;` and `vhost NAME {` as TOML, or undefined for any other line. */
function srsDirective(line: string): string | undefined {
  const block = /^\s*(\w+)(?:\s+([^\s={}]+))?\s*\{\s*(?:#.*)?$/.exec(line);
  if (block) {
    const [, name = "", argument] = block;
    return argument === undefined || name !== "vhost"
      ? `[vhost.NAME.${showName(name)}] or [${showName(name)}]`
      : `[vhost.${showKey(argument)}]`;
  }
  if (/^\s*\}\s*$/.test(line)) return "no closing brace";
  const [, name, given] = /^\s*(\w+)\s+([^={}"';]+?)\s*;\s*(?:#.*)?$/.exec(line) ?? [];
  if (name === undefined || given === undefined) return undefined;
  // A value that is no flag and no number may be a secret: it is not repeated.
  const values = given.split(/\s+/).map(srsValue);
  return `${showName(name)} = ${values.length === 1 ? values[0] : `[${values.join(", ")}]`}`;
}

function srsValue(word: string): string {
  const truth = booleans.get(word);
  if (truth !== undefined) return String(truth);
  return /^[0-9]{1,7}$/.test(word) ? word : '"…"';
}

function firstLine(message: string): string {
  return message.replace(/^Invalid TOML document: /, "").split("\n", 1)[0] ?? "";
}
