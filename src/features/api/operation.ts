import { UserError } from "../../base/errors.ts";
import type { Schema } from "./schema.ts";

/** What a caller may do: see, or see and change. */
export type Role = "read" | "admin";

/** SRS's numbers of errors, where it has one for the same, and ours from 9000 on. */
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

/** A call that can't be answered: a status of HTTP, a code and a sentence. */
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
  /** The parts of the path that the operation leaves open, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body's JSON; undefined without one. */
  readonly body: unknown;
  /** Who calls, for the log: a user's name or the way in. */
  readonly by: string;
  /** What they may do. */
  readonly role: Role;
}

/** A list: looked through and written in slices, as it may have thousands of items. */
export interface ListAnswer {
  readonly list: string;
  readonly items: Iterable<unknown>;
  /** Whether an item is in the list; all are without it. */
  has?(item: never): boolean;
  /** The part of the list that is answered; all of it without one. */
  readonly page?: Page;
  /** One item as the answer has it. */
  write(item: never): object;
}

/** Items of a list that are left out, and how many follow at most. */
export interface Page {
  readonly start: number;
  readonly count: number;
}

/** What an operation answers, besides the envelope. */
export type OperationAnswer = Readonly<Record<string, unknown>> | ListAnswer;

/** An open part of an operation's path or query, for the document. */
export interface Parameter {
  readonly name: string;
  readonly doc: string;
  /** There is no call without it. */
  readonly required?: boolean;
}

/** One thing that the API does. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With open parts as `{id}`. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly query?: readonly Parameter[];
  /** Of the request's body, if it has one. */
  readonly body?: Schema;
  /** The answer has no envelope. */
  readonly bare?: boolean;
  /** What the answer has besides the envelope. */
  readonly answer: Readonly<Record<string, Schema>>;
  /** What the answer may have besides. */
  readonly choices?: Readonly<Record<string, Schema>>;
  run(call: ApiCall): OperationAnswer | Promise<OperationAnswer>;
}

/** What a feature does for a caller; what it refuses is the caller's mistake. Rejects with ApiError. */
export async function asked<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UserError) throw new ApiError(400, "input", error.message);
    throw error;
  }
}

/** The parameters of lists. */
export const pageQuery: readonly Parameter[] = [
  { name: "start", doc: "The number of items to leave out; 0 by default." },
  { name: "count", doc: "The number of items at most; 10 by default." },
];

const MAX_COUNT = 100_000;

/** The page of a list that a call asks for. Throws ApiError. */
export function pageOf({ query }: Pick<ApiCall, "query">): Page {
  return { start: numberOf(query, "start", 0), count: Math.max(1, numberOf(query, "count", 10)) };
}

/** A number of a query. Throws ApiError. */
export function numberOf(query: URLSearchParams, name: string, fallback: number, max = MAX_COUNT): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new ApiError(400, "input", `${name} must be a whole number from 0 to ${max}`);
  return value;
}

/** The parameter of lists that are searched. */
export const searchQuery: Parameter = { name: "search", doc: "Only those that have this text in them." };

/** What a call searches for: whether any of the texts has it, in whatever case. Without a search, all do. */
export function searchOf({ query }: Pick<ApiCall, "query">): (...texts: readonly string[]) => boolean {
  const wanted = query.get("search")?.toLowerCase() ?? "";
  return (...texts) => wanted === "" || texts.some((text) => text.toLowerCase().includes(wanted));
}

/** The texts that a body gives, by name. Throws ApiError for anything else in it. */
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
