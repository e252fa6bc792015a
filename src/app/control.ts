import { UserError } from "../base/errors.ts";
import { askControl, listenControl } from "../io/control.ts";
import { readPidFile, removePidFile, writePidFile } from "../io/pid-file.ts";

/** What a running server answers a command. */
export interface Answer {
  readonly ok: boolean;
  /** What is to be told, one line each. */
  readonly lines: readonly string[];
}

/** What commands there are; each has its function in the server. */
export type Command = "reload";

/** A server answers at once, or has come to a standstill. */
const PING_MS = 2000;
const PING = "ping";

/** The server's hold on its pid file, and on the socket beside it. */
export interface Control {
  /** Gives both up. */
  stop(): void;
}

/**
 * Writes the pid file and answers commands on the socket beside it. What a server left that is gone is replaced. Throws
 * UserError when one that runs has them.
 */
export async function startControl(
  pidFile: string,
  commands: Readonly<Record<Command, () => Answer | Promise<Answer>>>,
): Promise<Control> {
  const socket = socketBeside(pidFile);
  const running = await askControl(socket, PING, PING_MS).catch(() => `server ${readPidFile(pidFile) ?? "unknown"}`);
  if (running !== undefined) {
    throw new UserError(
      `pid = "${pidFile}": ${running} runs with this file; stop that one first, or give each server a pid file of its own`,
    );
  }
  writePidFile(pidFile);
  const server = await listenControl(socket, async (request) => {
    if (request === PING) return `server ${process.pid}`;
    const command = Object.hasOwn(commands, request) ? commands[request as Command] : undefined;
    const unknown: Answer = { ok: false, lines: [`server ${process.pid} knows no command "${request}"`] };
    return JSON.stringify(command === undefined ? unknown : await command());
  }).catch((error) => {
    removePidFile(pidFile);
    throw error;
  });
  return {
    stop() {
      server.stop();
      removePidFile(pidFile);
    },
  };
}

/** Has the server that runs with a pid file do something; what it answers. Throws UserError when there is none. */
export async function command(pidFile: string, name: Command, timeoutMs: number): Promise<Answer> {
  const answer = await askControl(socketBeside(pidFile), name, timeoutMs);
  if (answer !== undefined) return JSON.parse(answer) as Answer;
  const pid = readPidFile(pidFile);
  const left = pid === undefined ? "" : ` (server ${pid} has left it behind)`;
  throw new UserError(`no server runs with pid = "${pidFile}"${left}; srs --conf FILE starts one`);
}

function socketBeside(pidFile: string): string {
  return `${pidFile.replace(/\.pid$/, "")}.sock`;
}
