/** A server that answers nothing for this long is silent. */
export const SILENT_MS = 3500;
const PROBE_MS = 1500;

/** Whether the server of an address answers nothing at all, and not merely delays the answer that was requested. */
export async function isSilent(mediaUrl: string, signal: AbortSignal): Promise<boolean> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  try {
    await fetch(new URL("/healthz", mediaUrl), { mode: "no-cors", cache: "no-store", signal: ends });
    return false;
  } catch {
    return !signal.aborted;
  }
}
