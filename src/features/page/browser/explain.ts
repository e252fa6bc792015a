import type { Failure } from "./engine.ts";

/** Maximum characters of a server's line that are shown. */
const MAX_SENTENCE = 300;
const TIMEOUT_MS = 8000;

/**
 * Requests the address to learn why it can't be played, as players and WebSockets don't pass on a server's answer. Undefined: it can be
 * played now.
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
