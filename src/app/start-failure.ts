import { messageOf } from "../base/errors.ts";
import { maskText } from "../base/mask.ts";
import { askControl, listenControl } from "../io/net/control.ts";

/** Limit on the reasons; longer ones are in the new process's standard error. */
const MAX_CHARS = 3500;
const SEND_TIMEOUT_MS = 2000;

/** Receives the reasons from a new process that can't start. */
export interface FailureReceiver {
  /** The reasons received, one line each; empty until then. */
  readonly lines: readonly string[];
  stop(): void;
}

/** Listens on a unix socket for the lines that `sendFailure` sends. Throws UserError when the path can't be used. */
export async function receiveFailure(path: string): Promise<FailureReceiver> {
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

/** Sends to the socket at `path` why this process can't start; succeeds without a listener, too. */
export async function sendFailure(path: string, error: unknown): Promise<void> {
  const lines = messageOf(error)
    .split(/\s*\n\s*/)
    .map(maskText);
  while (lines.length > 1 && JSON.stringify(lines).length > MAX_CHARS) lines.pop();
  await askControl(path, JSON.stringify(lines), SEND_TIMEOUT_MS).catch(() => undefined);
}
