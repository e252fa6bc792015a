import { defineCommand } from "citty";
import { loadConfig } from "../app/config/index.ts";
import { command } from "../app/control.ts";
import { UserError } from "../base/errors.ts";
import { commonOptions, confOption } from "./options.ts";
import type { Output } from "./output.ts";

/** A server that has more to do than this has come to a standstill. */
const ANSWER_MS = 30_000;

/** `srs reload`: has the running server take the changed file; 1 when it did not. */
export function reloadCommand({ out, err }: Output) {
  return defineCommand({
    meta: { name: "reload" },
    args: { ...confOption, ...commonOptions },
    async run({ args }) {
      const { pid } = loadConfig(args.conf, process.env).config;
      if (pid === "") {
        throw new UserError(
          `${args.conf ?? "the configuration"} has no pid file to find the server by; add pid = "FILE", or send it SIGHUP`,
        );
      }
      const { ok, lines } = await command(pid, "reload", ANSWER_MS);
      for (const line of lines) (ok ? out : err)(line);
      return ok ? 0 : 1;
    },
  });
}
