import { UserError } from "../../base/errors.ts";
import type { Schema } from "./schema.ts";

/** A caller's role: `read` may see, `admin` may also change. */
export type Role = "read" | "admin";

/** Error codes: SRS's where it has one for the same error, else our own from 9000 on. */
export const errorCodes = {
  vhost: 2014,
  stream: 2048,
  client: 2049,
  relay: 9001,
  target: 9002,
  ban: 9003,
  source: 9004,
  address: 9005,
  method: 9006,
  input: 9007,
  refused: 9008,
  rights: 9009,
  failed: 9010,
} as const;

/** Why a call can't be answered: an HTTP status, a code and a sentence. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: keyof typeof errorCodes, message: string) {
    super(message);
    this.status = status;
    this.code = errorCodes[code];
  }
}

/** One call of an operation. */
export interface ApiCall {
  /** The values of the path's parameters, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body's JSON; undefined without one. */
  readonly body: unknown;
  /** The caller, for the log: a user's name or the way of access. */
  readonly by: string;
  /** The caller's role. */
  readonly role: Role;
}

/** A list as an answer. It is filtered and written in slices, as it may have thousands of items. */
export interface ListAnswer {
  readonly list: string;
  readonly items: Iterable<unknown>;
  /** Whether an item belongs to the list; without this filter, all do. */
  has?(item: never): boolean;
  /** The part of the list that the answer has; without a page, all of it. */
  readonly page?: Page;
  /** Returns one item in the form of the answer. */
  write(item: never): object;
}

/** A part of a list: `start` items are left out, then come `count` at most. */
export interface Page {
  readonly start: number;
  readonly count: number;
}

/** An operation's answer, without the envelope. */
export type OperationAnswer = Readonly<Record<string, unknown>> | ListAnswer;

/** A parameter of an operation's path or query, for the document. */
export interface Parameter {
  readonly name: string;
  readonly doc: string;
  /** Whether each call must have it. */
  readonly required?: boolean;
}

/** One operation of the API. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** The path, with parameters as `{id}`. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly query?: readonly Parameter[];
  /** The schema of the request's body, if it has one. */
  readonly body?: Schema;
  /** The answer has no envelope. */
  readonly bare?: boolean;
  /** The answer's fields without the envelope. */
  readonly answer: Readonly<Record<string, Schema>>;
  /** Further fields that the answer may have. */
  readonly choices?: Readonly<Record<string, Schema>>;
  run(call: ApiCall): OperationAnswer | Promise<OperationAnswer>;
}

/** Runs a feature's command for a caller; a UserError is the caller's mistake, and becomes an ApiError of status 400. */
export async function asked<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UserError) throw new ApiError(400, "input", error.message);
    throw error;
  }
}

/** The parameters of all lists with pages. */
export const pageQuery: readonly Parameter[] = [
  { name: "start", doc: "The number of items to leave out; 0 by default." },
  { name: "count", doc: "The number of items at most; 10 by default." },
];

const MAX_COUNT = 100_000;

/** The page of a list that a call asks for. Throws ApiError. */
export function pageOf({ query }: Pick<ApiCall, "query">): Page {
  return { start: numberOf(query, "start", 0), count: Math.max(1, numberOf(query, "count", 10)) };
}

/** Reads a number of a query; `fallback` without it. Throws ApiError. */
export function numberOf(query: URLSearchParams, name: string, fallback: number, max = MAX_COUNT): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new ApiError(400, "input", `${name} must be a whole number from 0 to ${max}`);
  return value;
}

/** The parameter of lists that are searched. */
export const searchQuery: Parameter = { name: "search", doc: "Only those that have this text in them." };

/** A call's search: whether any of the texts contains its text, in upper or lower case. Without a search, all match. */
export function searchOf({ query }: Pick<ApiCall, "query">): (...texts: readonly string[]) => boolean {
  const wanted = query.get("search")?.toLowerCase() ?? "";
  return (...texts) => wanted === "" || texts.some((text) => text.toLowerCase().includes(wanted));
}

/** Reads the texts in a body, by name. Throws ApiError if the body has anything else. */
export function textsOf(body: unknown, names: readonly string[]): Readonly<Record<string, string | undefined>> {
  if (body === undefined) return {};
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new ApiError(400, "input", "the body must be a JSON object");
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!names.includes(name)) throw new ApiError(400, "input", `the body has ${names.join(", ")} and nothing else`);
    if (typeof value !== "string") throw new ApiError(400, "input", `${name} must be a text`);
    texts[name] = value;
  }
  return texts;
}
