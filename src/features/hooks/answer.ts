import { printable } from "../../base/printable.ts";

/** Maximum length of a back end's sentence that is passed on, characters. */
const MAX_REASON = 200;
/** Fields in which back ends put their sentence. */
const REASON_NAMES = ["msg", "message", "reason", "error"] as const;

/** What a back end's answer means. */
export type HookResult =
  | { readonly kind: "allowed"; readonly data?: unknown }
  /** The back end refuses; `reason` is for the client, `detail` only for the log. */
  | { readonly kind: "refused"; readonly reason: string; readonly detail: string }
  /** There is no decision; `isRejected`: the back end would not take the same call later, either. */
  | { readonly kind: "failed"; readonly problem: string; readonly isRejected?: boolean };

/** Statuses from 400 to 499 that are temporary: the same call may succeed later. */
const MOMENTARY = [408, 425, 429];

/** Reads an answer as SRS does, but distinguishes a refusal from an answer that makes no sense. */
export function readAnswer(status: number, text: string): HookResult {
  const value = parsed(text);
  const sentence = sentenceOf(value);
  if (status === 401 || status === 403) return refused(sentence, `status ${status}`);
  if (status >= 300 && status < 400) return failed(`it redirects (${status}), which is not followed`);
  if (status >= 400 && status < 500 && !MOMENTARY.includes(status))
    return { kind: "failed", problem: `it answers ${status}`, isRejected: true };
  if (status !== 200 && status !== 201) return failed(`it answers ${status}`);
  if (value === 0) return { kind: "allowed" };
  if (Number.isInteger(value)) return refused(sentence, `answer ${value}`);
  if (!isObject(value) || !("code" in value)) return failed('its answer is neither 0 nor an object with "code"');
  return value.code === 0
    ? { kind: "allowed", data: value.data }
    : refused(sentence, printable(`code ${JSON.stringify(value.code)}`.slice(0, MAX_REASON)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentenceOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const said = REASON_NAMES.map((name) => value[name]).find((text) => typeof text === "string" && text.trim() !== "");
  return said === undefined ? undefined : printable(String(said).trim().slice(0, MAX_REASON));
}

function refused(reason = "refused by the server that decides", detail: string): HookResult {
  return { kind: "refused", reason, detail };
}

function failed(problem: string): HookResult {
  return { kind: "failed", problem };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
