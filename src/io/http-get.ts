import { messageOf } from "../base/errors.ts";
import type { HttpGet, HttpHandler } from "../base/http.ts";
import { describeSocketError, errorCode } from "./socket-errors.ts";

/** Makes requests with this runtime's own client. Certificates are verified; there is no timeout but its owner's. */
export function createHttpGet(userAgent: string, onFault: (error: unknown) => void): HttpGet {
  return (url, handler) => {
    const controller = new AbortController();
    const { signal } = controller;
    get(url, userAgent, signal, handler)
      .then((reason) => {
        if (!signal.aborted) handler.onEnd(reason);
      })
      .catch(onFault);
    return { abort: () => controller.abort() };
  };
}

/** Why it has ended; undefined when the body came to its end. What the handler throws is a fault of the program's own. */
async function get(url: string, userAgent: string, signal: AbortSignal, handler: HttpHandler) {
  let response: Response;
  const headers = { "User-Agent": userAgent, Accept: "*/*" };
  try {
    // A connection of its own: this one is not given back for as long as the stream lasts.
    response = await fetch(url, {
      headers,
      signal,
      redirect: "manual",
      keepalive: false,
      timeout: false,
    } as RequestInit);
  } catch (error) {
    return describe(error);
  }
  if (signal.aborted) return undefined;
  const location = response.headers.get("location") ?? undefined;
  handler.onResponse(response.status, location, response.headers.get("server") ?? "");
  const reader = response.body?.getReader();
  while (reader !== undefined && !signal.aborted) {
    let bytes: Uint8Array | undefined;
    try {
      bytes = (await reader.read()).value;
    } catch (error) {
      return describe(error);
    }
    if (bytes === undefined) break;
    if (!signal.aborted) handler.onData(bytes);
  }
  return undefined;
}

function describe(error: unknown): string {
  return errorCode(error) === undefined ? messageOf(error) : describeSocketError(error);
}
