import type { TomlError } from "smol-toml";
import { type Path, showKey, showName, showPath } from "../show.ts";
import { foreignSyntax } from "./foreign-syntax.ts";
import { firstDefinition } from "./positions.ts";

/** The mistake in a line that is not TOML, on one line, with a correction if one can be guessed. */
export function explainSyntax(text: string, error: TomlError): string {
  const line = text.split(/\r?\n/)[error.line - 1] ?? "";
  const foreign = foreignSyntax(text, line);
  if (foreign !== undefined) return foreign;
  const directive = srsDirective(line);
  if (directive !== undefined)
    return `this is SRS's own syntax; name the file .conf to have it read so, or write TOML: ${directive}`;
  const message = firstLine(error.message);
  const shape = lineShape(line, message);
  if (shape !== undefined) return `not TOML: ${shape}`;
  if (message.startsWith("trying to redefine")) return redefined(firstDefinition(text, error.line, error.column));
  const [, key = "", unquoted] = /^\s*([\w."'-]+)\s*=\s*([^\s"'[{#][^#]*?)\s*(?:#.*)?$/.exec(line) ?? [];
  if (unquoted?.endsWith(";")) return "not TOML: a line does not end with a semicolon";
  if (unquoted === undefined) return unclosed(line, message) ?? bareItem(line, error.column) ?? `not TOML: ${message}`;
  if (/^[+-]?0[0-9]+$/.test(unquoted))
    return `not TOML: a number does not begin with 0: ${key} = ${unquoted.replace(/0+(?=[0-9])/, "")}`;
  const word = booleans.get(unquoted.toLowerCase());
  if (word !== undefined) return `not TOML: write ${word} instead of ${unquoted}`;
  if (/^[0-9]+(?:\s*,\s*[0-9]+)+$/.test(unquoted))
    return `not TOML: a list needs brackets, ${key} = [${unquoted}], and a number has no comma`;
  return `not TOML: text needs quotes, as in ${key} = "${harmless(unquoted) ?? "…"}"`;
}

/** What is wrong with the shape of a line, whatever its value is. */
function lineShape(line: string, message: string): string | undefined {
  if (/^\s*(?:;|\/\/|\/\*|--)/.test(line)) return "a comment begins with #";
  if (message === "illegal character in key" && /^\s*[\w."'-]+\s*$/.test(line))
    return "a key needs a value, as in listen = 1935";
  if (/^\s*[\w."'-]+\s*(?:==|:=|=>)/.test(line)) return "one = stands between a key and its value";
  if (/^\s*[\w."'-]+\s*=\s*[^\s"'[{#,]+\s*,\s*$/.test(line)) return "a line does not end with a comma";
  if (message.startsWith("each key-value declaration"))
    return "nothing stands behind a value, but a comment that begins with #";
  return undefined;
}

/** A line whose quotes or brackets are not closed. */
function unclosed(line: string, message: string): string | undefined {
  if (/^\s*\[[^\]]*$/.test(line)) return "not TOML: the table's name needs a ] behind it";
  if (/^control characters/.test(message) && /["'][^"']*$/.test(line))
    return "not TOML: a quote is missing at the end of the text";
  return /^expected comma or end of structure/.test(message)
    ? "not TOML: a list needs a comma between its items, and a ] at its end (an inline table a })"
    : undefined;
}

const booleans = new Map([
  ["on", true],
  ["yes", true],
  ["true", true],
  ["off", false],
  ["no", false],
  ["false", false],
]);

function redefined(found: { readonly path: Path; readonly line: number } | undefined): string {
  if (found === undefined) return "not TOML: the key or table is written twice";
  return `not TOML: ${showPath(found.path)} is in line ${found.line} already; write each key and table once`;
}

/** An item of a list that needs quotes, at a column (from 1). */
function bareItem(line: string, column: number): string | undefined {
  const before = /[^\s,[]*$/.exec(line.slice(0, column - 1))?.[0] ?? "";
  const after = /^[^\s,\]#]*/.exec(line.slice(column - 1))?.[0] ?? "";
  const item = harmless(before + after);
  return item === undefined ? undefined : `not TOML: text needs quotes: "${item}"`;
}

/** An IPv4 address or a number with a unit, which is no secret; undefined for any other text. */
function harmless(text: string): string | undefined {
  return /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?|[0-9]{1,9} ?[a-z]{1,3})$/i.test(text) ? text : undefined;
}

/** `gop_cache on;` and `vhost NAME {` as TOML, or undefined for any other line. */
function srsDirective(line: string): string | undefined {
  const block = /^\s*(\w+)(?:\s+([^\s={}]+))?\s*\{\s*(?:#.*)?$/.exec(line);
  if (block) {
    const [, name = "", argument] = block;
    return argument === undefined || name !== "vhost"
      ? `[vhost.NAME.${showName(name)}] or [${showName(name)}]`
      : `[vhost.${showKey(argument)}]`;
  }
  if (/^\s*\}\s*$/.test(line)) return "without the closing brace";
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
