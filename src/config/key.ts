import * as v from "valibot";
import { UserError } from "../base/errors.ts";
import { masked } from "../base/mask.ts";
import { durationJson, inUnit, isTime } from "./durations.ts";
import { isListOf, type JsonSchema } from "./json.ts";
import type { FileResource, Resource } from "./resources.ts";
import { show } from "./show.ts";

/** Whether a reload can apply a changed value while the server runs, or a restart is needed, and why. */
type Reload = "live" | { readonly restart: string };

/** A TOML value without parts. */
export type TomlScalar = string | number | boolean;

/** A key's value as a TOML file writes it. */
export type TomlValue = TomlScalar | readonly TomlScalar[];

/** One configuration key, declared once: its type, default, unit, documentation and how a reload treats it. */
export interface Key<T> {
  readonly kind: "key";
  /** Reads the parsed TOML value; its issues are messages for the operator. */
  readonly schema: v.GenericSchema<unknown, T>;
  readonly default: T;
  /** The values it takes and their unit, for people: "a whole number of bytes from 128 to 65536". */
  readonly type: string;
  /** One line on what it does. */
  readonly doc: string;
  readonly reload: Reload;
  /** When absent, the key has the value of the root's key of the same name instead of its default. */
  readonly inherits: boolean;
  /** A value to show in the annotated configuration file when the default is not instructive. */
  readonly example: TomlValue | undefined;
  /** The values that the key takes, for editors. */
  readonly json: JsonSchema;
  /** Whether it takes several values: text from outside a TOML file is then split at spaces. */
  readonly isList: boolean;
  /** Words that join the next word into one item, in lists written in words. */
  readonly prefixes: readonly string[];
  toToml(value: T): TomlValue;
  /** The TOML value with secrets masked, safe to show to others. */
  toShown(value: T): TomlValue;
  /** The resources outside the process that the value names; of a list, one for each item, undefined for an item that names none. */
  resource(value: T): readonly (Resource | undefined)[];
}

interface Options<T> {
  readonly default: T;
  readonly doc: string;
  readonly reload: Reload;
}

interface IntegerOptions {
  /** "bytes", "milliseconds"; empty for a bare count. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
}

/** A key that is true or false. */
export function flag(options: Options<boolean>): Key<boolean> {
  const type = "true or false";
  return scalar(type, v.boolean(notA(type)), { type: "boolean" }, options);
}

/** A key that is true, false, or one word. */
export function flagOr<const W extends string>(word: W, options: Options<boolean | W>): Key<boolean | W> {
  const type = `true, false or "${word}"`;
  const schema = v.union([v.literal(word), v.boolean()], notA(type));
  return scalar(type, schema, { anyOf: [{ type: "boolean" }, { const: word }] }, options);
}

/** A key that is a whole number within limits. */
export function integer(options: Options<number> & IntegerOptions): Key<number> {
  const type = integerType(options);
  return scalar(type, integerSchema(options, type), integerJson(options), options);
}

/** A key that is a whole number within limits, or one word. */
export function integerOr<const W extends string>(
  word: W,
  options: Options<number | W> & IntegerOptions,
): Key<number | W> {
  const type = `${integerType(options)}, or "${word}"`;
  const schema = v.union([v.literal(word), integerSchema(options, type)], notA(type));
  return scalar(type, schema, { anyOf: [integerJson(options), { const: word }] }, options);
}

/** A key that is one of a few words. */
export function choice<const W extends string>(words: readonly W[], options: Options<W>): Key<W> {
  const quoted = words.map((word) => `"${word}"`);
  const type = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return scalar(type, v.picklist(words, notA(type)), { enum: words }, options);
}

interface TextOptions extends Options<string> {
  /** What is written: "the path of a file". */
  readonly type: string;
  readonly example?: string;
  /** Whether the value is never shown to others. */
  readonly secret?: boolean;
  /** How the server uses the file that the text names, if it names one. */
  readonly file?: FileResource["use"];
  /** Why a text (not empty) is invalid, as an error message continues after the key; undefined when it is valid. */
  problem?(text: string): string | undefined;
}

/** A key that is a text; an empty text means none and is always allowed. */
export function text(options: TextOptions): Key<string> {
  const schema = v.pipe(
    v.string(notA(options.type)),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || dataset.value === "") return;
      const problem = options.problem?.(dataset.value);
      if (problem !== undefined) addIssue({ message: problem });
    }),
  );
  return {
    ...scalar(options.type, schema, { type: "string" }, options),
    example: options.example,
    toShown: (value) => (options.secret && value !== "" ? masked : value),
    resource(path) {
      return options.file === undefined || path === "" ? [] : [{ kind: "file", path, use: options.file }];
    },
  };
}

interface ListOptions<T> extends Options<readonly T[]> {
  readonly type: string;
  readonly example?: TomlValue;
  /** Prefix words; an item may have one of them before a space. */
  readonly prefixes?: readonly string[];
  /** How an item is written, for editors; a text by default. */
  readonly json?: JsonSchema;
  /** Reads one item; throws UserError. */
  parse(value: unknown): T;
  toToml(item: T): TomlScalar;
  /** The item with secrets masked, if it may contain one. */
  toShown?(item: T): TomlScalar;
  /** The resource outside the process that an item names, if it names one. */
  resource?(item: T): Resource | undefined;
  /** Items with the same identity are duplicates; an item with undefined is never one. */
  identity(item: T): string | undefined;
}

/** A key that is one item or a list of them; its value is always the list. */
export function list<T>(options: ListOptions<T>): Key<readonly T[]> {
  return {
    kind: "key",
    schema: listSchema(options),
    default: options.default,
    type: options.type,
    doc: options.doc,
    reload: options.reload,
    inherits: false,
    example: options.example,
    json: isListOf(options.json ?? { type: "string" }),
    isList: true,
    prefixes: options.prefixes ?? [],
    toToml: (items) => oneOrMore(items.map(options.toToml)),
    toShown: (items) => oneOrMore(items.map(options.toShown ?? options.toToml)),
    resource: (items) => (options.resource === undefined ? [] : items.map(options.resource)),
  };
}

function oneOrMore(written: readonly TomlScalar[]): TomlValue {
  return written.length === 1 && written[0] !== undefined ? written[0] : written;
}

/** The same key for a table below the root: when absent, it has the root's value. */
export function inherited<T>(key: Key<T>, doc: string): Key<T> {
  return { ...key, doc, inherits: true };
}

function scalar<T extends TomlScalar>(
  type: string,
  schema: v.GenericSchema<unknown, T>,
  json: JsonSchema,
  options: Options<T>,
): Key<T> {
  const { doc, reload } = options;
  return {
    kind: "key",
    schema,
    default: options.default,
    type,
    doc,
    reload,
    inherits: false,
    example: undefined,
    json,
    isList: false,
    prefixes: [],
    toToml: (value) => value,
    toShown: (value) => value,
    resource: () => [],
  };
}

function integerType({ unit, min, max }: IntegerOptions): string {
  return `a whole number ${unit && `of ${unit} `}from ${min} to ${max}`;
}

function integerJson({ unit, min, max }: IntegerOptions): JsonSchema {
  const number: JsonSchema = { type: "integer", minimum: min, maximum: max };
  return isTime(unit) ? { anyOf: [number, durationJson] } : number;
}

function integerSchema({ unit, min, max }: IntegerOptions, type: string): v.GenericSchema<unknown, number> {
  const message = isTime(unit) ? notTime(type) : notA(type);
  const number = v.pipe(v.number(message), v.safeInteger(message), v.minValue(min, message), v.maxValue(max, message));
  if (!isTime(unit)) return number;
  return v.pipe(
    v.unknown(),
    v.transform((value) => inUnit(unit, value)),
    number,
  );
}

function listSchema<T>(options: ListOptions<T>): v.GenericSchema<unknown, readonly T[]> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
      const input: unknown[] = Array.isArray(value) ? value : [value];
      const items: T[] = [];
      const earlier = new Map<string, T>();
      for (const [index, given] of input.entries()) {
        try {
          const item = options.parse(given);
          refuseTwice(options, earlier, item);
          items.push(item);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          const path: [v.ArrayPathItem] = [{ type: "array", origin: "value", input, key: index, value: given }];
          addIssue({ message: error.message, path });
        }
      }
      return items.length === input.length ? items : NEVER;
    }),
  );
}

function refuseTwice<T>(options: ListOptions<T>, earlier: Map<string, T>, item: T): void {
  const identity = options.identity(item);
  if (identity === undefined) return;
  const first = earlier.get(identity);
  if (first !== undefined) {
    const shown = options.toShown ?? options.toToml;
    const [now, before] = [show(shown(item)), show(shown(first))];
    throw new UserError(now === before ? `${now} is listed twice` : `${now} is the same as ${before}`);
  }
  earlier.set(identity, item);
}

/** As `notA`; the message about a text says which texts are a time. */
function notTime(type: string): (issue: { readonly input: unknown }) => string {
  return (issue) => notA(typeof issue.input === "string" ? `${type}, or a text such as "5s" or "2m"` : type)(issue);
}

function notA(type: string): (issue: { readonly input: unknown }) => string {
  return ({ input }) => {
    if (type.startsWith("true") && (input === "on" || input === "off")) {
      return `must be true or false; write ${input === "on"} instead of "${input}"`;
    }
    return `must be ${type}, not ${show(input)}`;
  };
}
