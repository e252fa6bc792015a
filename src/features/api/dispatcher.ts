import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Actions } from "./actions.ts";
import {
  type ApiCall,
  ApiError,
  type ListAnswer,
  type Operation,
  type OperationAnswer,
  type Page,
  type Role,
} from "./operation.ts";

/** Maximum time that a list takes of one turn of the event loop, ms, and the number of its items between two looks at the clock. */
const SLICE_MS = 1;
const CLOCK_ITEMS = 16;
/** Maximum size of a body that is remembered with its call, bytes. */
const MAX_REMEMBERED = 1024;
const EVERYTHING: Page = { start: 0, count: Number.POSITIVE_INFINITY };
const encoder = new TextEncoder();

/** Fields that all answers have, as in SRS. */
export interface Envelope {
  readonly server: string;
  readonly service: string;
  readonly pid: string;
}

/** The answer to a call: an HTTP status and JSON. */
export interface ApiAnswer {
  readonly status: number;
  /** Parts of the JSON text, owned by the receiver. */
  readonly parts: readonly Uint8Array[];
}

/** A call before its operation is known. */
export interface ApiRequest {
  readonly method: string;
  /** Percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
  readonly by: string;
  readonly role: Role;
}

interface Route {
  readonly operation: Operation;
  readonly parts: readonly string[];
}

/** Finds a call's operation and runs it. The call's user is already authenticated. */
export class Dispatcher {
  readonly operations: readonly Operation[];
  readonly #routes: readonly Route[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #envelope: Envelope;
  readonly #actions: Pick<Actions, "add">;
  /** The turn of the event loop that the last slice waits for. */
  #lastTurn = Promise.resolve();

  /** `actions` gets the calls that change something. */
  constructor(
    operations: readonly Operation[],
    clock: Clock,
    log: Log,
    envelope: Envelope,
    actions: Pick<Actions, "add">,
  ) {
    this.#actions = actions;
    this.operations = operations;
    this.#routes = operations.map((operation) => ({ operation, parts: operation.path.split("/") }));
    this.#clock = clock;
    this.#log = log;
    this.#envelope = envelope;
  }

  /** Never rejects: an error of the program gets an answer, too. */
  async call(request: ApiRequest): Promise<ApiAnswer> {
    let found: Operation | undefined;
    try {
      const { operation, params } = this.#find(request);
      found = operation;
      if (operation.role === "admin" && request.role !== "admin")
        throw new ApiError(403, "rights", "this takes the role admin; this user may only read");
      const { query, by, role } = request;
      const call: ApiCall = { params, query, by, role, body: bodyOf(operation, request.body) };
      const answer = await operation.run(call);
      this.#remember(request, operation, undefined);
      return { status: 200, parts: await this.#write(answer, operation.bare ? {} : { code: 0, ...this.#envelope }) };
    } catch (error) {
      this.#remember(request, found, error);
      return this.failure(error);
    }
  }

  /** The answer to a call that was refused or has failed. */
  failure(error: unknown): ApiAnswer {
    let shown = error;
    if (!(shown instanceof ApiError)) {
      this.#log.error("an API call has failed", { error: messageOf(error) });
      shown = new ApiError(500, "failed", "this call has failed; the server's log says why");
    }
    const { status, code, message } = shown as ApiError;
    return { status, parts: [encoder.encode(`${JSON.stringify({ code, ...this.#envelope, error: message })}\n`)] };
  }

  /** Adds a call to `actions`, if its operation changes something. */
  #remember({ by, method, path, query, body }: ApiRequest, operation: Operation | undefined, error: unknown): void {
    if (operation?.role !== "admin") return;
    const { summary } = operation;
    const params = [...query].map(([name, value]) => `${name}=${value}`);
    const input = [...params, new TextDecoder().decode(body.subarray(0, MAX_REMEMBERED))].join(" ").trim();
    const status = error === undefined ? 200 : error instanceof ApiError ? error.status : 500;
    this.#actions.add({
      by,
      method,
      path,
      summary,
      input,
      status,
      error: error === undefined ? undefined : messageOf(error),
    });
  }

  #find({ method, path }: ApiRequest): { operation: Operation; params: Record<string, string> } {
    const parts = (path.endsWith("/") ? path.slice(0, -1) : path).split("/");
    const methods: string[] = [];
    for (const { operation, parts: wanted } of this.#routes) {
      const params = match(wanted, parts);
      if (params === undefined) continue;
      if (operation.method === method || (method === "HEAD" && operation.method === "GET"))
        return { operation, params };
      methods.push(operation.method);
    }
    if (methods.length > 0)
      throw new ApiError(405, "method", `this address takes ${[...new Set(methods)].join(", ")}, not ${method}`);
    throw new ApiError(
      404,
      "address",
      "there is nothing at this address; GET /api/v1/openapi.json lists what there is",
    );
  }

  async #write(answer: OperationAnswer, head: object): Promise<Uint8Array[]> {
    if (!isList(answer)) return [encoder.encode(`${JSON.stringify({ ...head, ...answer })}\n`)];
    const { list, items, has = () => true, page = EVERYTHING, write } = answer;
    const parts = [encoder.encode(`${JSON.stringify(head).slice(0, -1)},${JSON.stringify(list)}:[`)];
    const texts: string[] = [];
    const flush = () => {
      if (texts.length > 0) parts.push(encoder.encode((parts.length > 1 ? "," : "") + texts.splice(0).join(",")));
    };
    let [looked, found] = [0, 0];
    let until = this.#clock.now() + SLICE_MS;
    for (const item of items) {
      if (++looked % CLOCK_ITEMS === 0 && this.#clock.now() >= until) {
        flush();
        await this.#nextTurn();
        until = this.#clock.now() + SLICE_MS;
      }
      if (!has(item as never) || found++ < page.start) continue;
      texts.push(JSON.stringify(write(item as never)));
      if (found >= page.start + page.count) break;
    }
    flush();
    parts.push(encoder.encode("]}\n"));
    return parts;
  }

  /** Waits for a turn of the event loop in which no other list continues. */
  #nextTurn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => new Promise((resolve) => this.#clock.soon(resolve)));
    return this.#lastTurn;
  }
}

function isList(answer: OperationAnswer): answer is ListAnswer {
  return typeof answer.list === "string" && typeof answer.write === "function";
}

function match(wanted: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const given = parts[at] ?? "";
    if (part.startsWith("{")) params[part.slice(1, -1)] = given;
    else if (part !== given) return undefined;
  }
  return params;
}

function bodyOf({ body }: Operation, bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  if (body === undefined) throw new ApiError(400, "input", "this takes no body");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ApiError(400, "input", "the body is not JSON");
  }
}
