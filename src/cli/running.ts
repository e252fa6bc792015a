import { loadConfig } from "../app/config/index.ts";
import { askAtOne, type Command, command } from "../app/control.ts";
import { controlSocketPaths, serviceFolders } from "../app/control-sockets.ts";
import { UserError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import type { Output } from "./output.ts";

/** Sends a command to the running server of a configuration, and prints its answer; 1 when it failed. */
export async function askRunning(
  { conf, ignored }: { readonly conf: string | undefined; readonly ignored: readonly string[] },
  request: {
    readonly command: Command;
    readonly argument?: string;
    readonly signal: string;
    readonly timeoutMs: number;
  },
  { out, err }: Output,
): Promise<number> {
  const { config } = loadConfig(conf, process.env, ignored);
  const { pid } = config;
  const { ok, lines } =
    pid === "" ? await withoutPid() : await command(pid, request.command, request.argument ?? "", request.timeoutMs);
  for (const line of lines) (ok ? out : err)(printable(line));
  return ok ? 0 : 1;

  async function withoutPid() {
    const paths = controlSocketPaths(config, process.env, serviceFolders());
    const answer = await askAtOne(paths, request.command, request.argument ?? "", request.timeoutMs);
    if (answer !== undefined) return answer;
    const file = conf ?? "the configuration";
    throw new UserError(`${file} has no pid file to find the server by; add pid = "FILE", or ${request.signal}`);
  }
}
