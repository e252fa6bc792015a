import { loadConfig } from "../app/config/index.ts";
import { askAtOne } from "../app/control.ts";
import { controlSocketPaths, serviceFolders, socketPathsOfPort } from "../app/control-sockets.ts";
import { UserError } from "../base/errors.ts";
import { confOption, ignoredNames } from "./options.ts";

/** A server that takes longer than this hangs. */
const ANSWER_MS = 10_000;

/** The options that choose the running server. */
export const serverOptions = {
  ...confOption,
  port: {
    type: "string",
    valueHint: "PORT",
    description: "Ask the server whose first port this is, without reading a file",
  },
} as const;

/** The values of these options. */
export interface AskedServer {
  readonly conf?: string | undefined;
  readonly port?: string | undefined;
}

/** Sends calls of the API to one running server, through its control socket. */
export class ApiAsker {
  readonly #socketPaths: readonly string[];

  /** `argv`: the words that the options were read from. */
  constructor(server: AskedServer, argv: readonly string[]) {
    this.#socketPaths = socketPathsOf(server, argv);
  }

  /** The answer. Throws UserError when there is no server, or it answers with an error. */
  async ask<T>(method: string, target: string, body?: object): Promise<T> {
    const asked = body === undefined ? `${method} ${target}` : `${method} ${target} ${JSON.stringify(body)}`;
    const answer = await askAtOne(this.#socketPaths, "api", asked, ANSWER_MS);
    if (answer === undefined)
      throw new UserError(
        `no server answers on ${this.#socketPaths.join(" or ") || "a socket"}; srs --conf FILE starts one`,
      );
    const [, json = ""] = answer.lines;
    const parsedAnswer = parsed(json);
    if (!answer.ok)
      throw new UserError(typeof parsedAnswer.error === "string" ? parsedAnswer.error : answer.lines.join(" "));
    return parsedAnswer as T;
  }
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

/** The paths where the server's socket may be. Without a file, they follow from the variables, as for the server, or the defaults. */
function socketPathsOf({ conf, port }: AskedServer, argv: readonly string[]): readonly string[] {
  if (port !== undefined) {
    if (conf !== undefined) throw new UserError("--conf and --port say two things; give one of them");
    return socketPathsOfPort(portOf(port), process.env, serviceFolders());
  }
  const { config } = loadConfig({ path: conf, orDefaults: true }, process.env, ignoredNames(argv));
  const paths = controlSocketPaths(config, process.env, serviceFolders());
  if (paths.length === 0)
    throw new UserError(
      `${conf ?? "the environment"} has no pid file and no port to find the server by; add pid = "FILE"`,
    );
  return paths;
}

function portOf(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw new UserError(`--port takes a port, not "${text}"`);
  return Number(text);
}
