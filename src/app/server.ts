import { UserError } from "../base/errors.ts";
import type { Config } from "./config/index.ts";

/** What a server is started with. */
export interface ServerOptions {
  readonly config: Config;
  readonly confPath: string;
}

/** Runs the server until it is told to stop; the exit code. Throws UserError when it cannot start. */
export async function runServer(options: ServerOptions): Promise<number> {
  throw new UserError(`the server is not built yet (${options.confPath})`);
}
