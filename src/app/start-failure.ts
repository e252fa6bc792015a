import { messageOf } from "../base/errors.ts";
import { maskText } from "../base/mask.ts";
import { askControl, listenControl } from "../io/net/control.ts";

/** Of a request to a running server; what does not fit stands where the new one writes its errors. */
const MAX_CHARS = 3500;
const TELL_MS = 2000;

/** Where a generation that is being started says why it can't. */
export interface FailureEar {
  /** What it has said, one line for each reason; empty while it has said nothing. */
  readonly lines: readonly string[];
  stop(): void;
}

/** Listens on a unix socket for what `tellFailure` says there. Throws UserError when the path can't be had. */
export async function hearFailure(path: string): Promise<FailureEar> {
  let lines: readonly string[] = [];
  const server = await listenControl(path, (request) => {
    lines = JSON.parse(request) as string[];
    return "heard";
  });
  return {
    get lines() {
      return lines;
    },
    stop: () => server.stop(),
  };
}

/** Says there why this process can't start; nobody has to be there. */
export async function tellFailure(path: string, error: unknown): Promise<void> {
  const lines = messageOf(error)
    .split(/\s*\n\s*/)
    .map(maskText);
  while (lines.length > 1 && JSON.stringify(lines).length > MAX_CHARS) lines.pop();
  await askControl(path, JSON.stringify(lines), TELL_MS).catch(() => undefined);
}
