import type { Failure } from "./engine.ts";

/** A server's line of text is no longer than this. */
const MAX_SENTENCE = 300;
const TIMEOUT_MS = 8000;

/**
 * Asks the server itself why an address can't be played, because players and WebSockets keep its words to themselves. Undefined:
 * it can be, now.
 */
export async function explain(mediaUrl: string, signal: AbortSignal): Promise<Failure | undefined> {
  const url = mediaUrl.replace(/^ws/, "http");
  const stop = new AbortController();
  try {
    const ends = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(url, { signal: ends, cache: "no-store" });
    if (response.ok) return undefined;
    const isText = response.headers.get("content-type")?.startsWith("text/plain") ?? false;
    const text = isText ? await response.text() : "";
    return {
      kind: "status",
      status: response.status,
      sentence: text.split("\n", 1)[0]?.slice(0, MAX_SENTENCE) ?? "",
      retryAfterMs: Number(response.headers.get("retry-after") ?? 0) * 1000 || 0,
    };
  } catch {
    return { kind: "lost" };
  } finally {
    stop.abort();
  }
}
