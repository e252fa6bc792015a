import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { readPidFile, removePidFile, writePidFile } from "../io/files/pid-file.ts";
import { askControl, type ControlServer, listenControl } from "../io/net/control.ts";

/** A running server's answer to a command. */
export interface Answer {
  readonly ok: boolean;
  /** Lines for the operator. */
  readonly lines: readonly string[];
}

/** The commands; the server has a function for each. */
export type Command = "reload" | "upgrade" | "api";

/** A server answers within this time, or it hangs. */
const PING_MS = 2000;
const PING = "ping";

/** The server's pid file, and the control socket beside it. */
export interface Control {
  /** Closes the socket, and removes both files. */
  stop(): void;
}

/** Throws UserError when a server runs with this pid file. */
export async function refuseSecond(pidFile: string): Promise<void> {
  const unknown = () => `server ${readPidFile(pidFile) ?? "unknown"}`;
  const running = await askControl(socketBeside(pidFile), PING, PING_MS).catch(unknown);
  if (running === undefined) return;
  throw new UserError(
    `pid = "${pidFile}": ${running} runs with this file; stop that one first, or give each server a pid file of its own`,
  );
}

/**
 * Writes the pid file and answers commands on a socket at the first of `paths` that can be used, replacing any server that did
 * so before. Throws UserError when there is a pid file and no socket can be used; without a pid file, the server does without a
 * socket.
 */
export async function startControl(
  pidFile: string,
  paths: readonly string[],
  commands: Readonly<Record<Command, (argument: string) => Answer | Promise<Answer>>>,
  log: Log,
): Promise<Control> {
  if (pidFile !== "") writePidFile(pidFile);
  const answer = async (request: string) => {
    if (request === PING) return `server ${process.pid}`;
    const [, name = "", argument = ""] = /^(\w+) ?(.*)$/.exec(request) ?? [];
    const command = Object.hasOwn(commands, name) ? commands[name as Command] : undefined;
    const unknown: Answer = { ok: false, lines: [`server ${process.pid} knows no command "${name}"`] };
    return JSON.stringify(command === undefined ? unknown : await command(argument));
  };
  const server = await listenAtOne(paths, answer).catch((error: unknown) => {
    if (pidFile !== "") {
      removePidFile(pidFile);
      throw error;
    }
    log.info("no control socket: srs status and other commands can't ask this server", { error: messageOf(error) });
    return undefined;
  });
  return {
    stop() {
      server?.stop();
      if (pidFile !== "") removePidFile(pidFile);
    },
  };
}

/** Listens at the first path that can be used; undefined when there are no paths. If none can be used, throws the last error. */
async function listenAtOne(
  paths: readonly string[],
  answer: (request: string) => Promise<string>,
): Promise<ControlServer | undefined> {
  let problem: unknown;
  for (const path of paths) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      return await listenControl(path, answer);
    } catch (error) {
      problem = error;
    }
  }
  if (problem !== undefined) throw problem;
  return undefined;
}

/** Sends a command to the server of a pid file and returns its answer. Throws UserError when there is none. */
export async function command(pidFile: string, name: Command, argument: string, timeoutMs: number): Promise<Answer> {
  const answer = await askAtOne([socketBeside(pidFile)], name, argument, timeoutMs);
  if (answer !== undefined) return answer;
  const pid = readPidFile(pidFile);
  const left = pid === undefined ? "" : ` (server ${pid} has left it behind)`;
  throw new UserError(`no server runs with pid = "${pidFile}"${left}; srs --conf FILE starts one`);
}

/** Sends a command to the server that listens at one of the paths; undefined when none does. */
export async function askAtOne(
  paths: readonly string[],
  name: Command,
  argument: string,
  timeoutMs: number,
): Promise<Answer | undefined> {
  for (const path of paths) {
    const answer = await askControl(path, `${name} ${argument}`.trim(), timeoutMs);
    if (answer !== undefined) return readAnswer(answer, path);
  }
  return undefined;
}

/** Throws UserError for any other text: another program may have replaced the socket. */
function readAnswer(text: string, socket: string): Answer {
  try {
    const answer: unknown = JSON.parse(text);
    if (isAnswer(answer)) return answer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UserError(
    `what answers on ${socket} is not srs; see which program listens there, and who may write in its folder`,
  );
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== "object" || value === null || !("ok" in value) || !("lines" in value)) return false;
  const { ok, lines } = value;
  return typeof ok === "boolean" && Array.isArray(lines) && lines.every((line) => typeof line === "string");
}

function socketBeside(pidFile: string): string {
  return `${pidFile.replace(/\.pid$/, "")}.sock`;
}
