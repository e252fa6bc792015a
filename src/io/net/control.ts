import { renameSync, rmSync, statSync } from "node:fs";
import * as net from "node:net";
import { messageOf, UserError } from "../../base/errors.ts";
import { describeSocketError, errorCode } from "../os/socket-errors.ts";

/** Maximum length of a request. */
const MAX_REQUEST_CHARS = 4096;
/** Permissions that a new file must not grant: those of other users, and execution. */
const OTHERS = 0o177;
/** A client must send its request within this time. */
const REQUEST_MS = 5000;

/** The socket on which a running server receives commands from its own machine. */
export interface ControlServer {
  /** Accepts no more requests. Removes the socket's file, unless another server has replaced it. */
  stop(): void;
}

/**
 * Listens on a unix socket that only this user may connect to; each connection carries one request line and one answer line. An
 * existing socket is replaced: its process loses the name. Throws UserError when the path can't be used.
 */
export async function listenControl(
  path: string,
  answer: (request: string) => string | Promise<string>,
): Promise<ControlServer> {
  const server = net.createServer((socket) => {
    const fail = () => socket.destroy();
    socket.setTimeout(REQUEST_MS, fail);
    socket.on("error", fail);
    readLine(socket, MAX_REQUEST_CHARS, (request) => {
      socket.setTimeout(0);
      Promise.resolve(request)
        .then(answer)
        .then((text) => socket.end(`${text}\n`), fail);
    });
  });
  // Bound under a temporary name, accessible to this user alone from the start, and then renamed atomically.
  const beside = `${path}.${process.pid}`;
  try {
    rmSync(beside, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      // `listen` creates the file within the call; files created later get their own mode.
      const umask = process.umask(OTHERS);
      try {
        server.listen(beside, resolve);
      } finally {
        process.umask(umask);
      }
    });
    renameSync(beside, path);
  } catch (error) {
    server.close();
    throw new UserError(`cannot listen on ${path}: ${describeSocketError(error)}`, { cause: error });
  }
  const { ino } = statSync(path);
  return {
    stop() {
      server.close();
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
    },
  };
}

/**
 * Sends a request to the process that listens on a unix socket; undefined when there is none. Throws UserError when it does not
 * answer in time.
 */
export function askControl(path: string, request: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    const fail = (why: string) => {
      socket.destroy();
      reject(new UserError(`no answer on ${path}: ${why}`));
    };
    socket.setTimeout(timeoutMs, () => fail(`nothing within ${timeoutMs / 1000} s`));
    socket.on("error", (error) => {
      const nobody = ["ENOENT", "ENOTDIR", "ECONNREFUSED"].includes(errorCode(error) ?? "");
      if (nobody) resolve(undefined);
      else fail(describeSocketError(error) || messageOf(error));
    });
    socket.on("close", () => fail("it closed the connection"));
    readLine(socket, Number.POSITIVE_INFINITY, (line) => {
      resolve(line);
      socket.destroy();
    });
    socket.write(`${request}\n`);
  });
}

function readLine(socket: net.Socket, maxChars: number, take: (line: string) => void): void {
  let text = "";
  let taken = false;
  socket.setEncoding("utf8");
  socket.on("data", (part: string) => {
    if (taken) return;
    text += part;
    const end = text.indexOf("\n");
    if (end >= 0) {
      taken = true;
      take(text.slice(0, end));
    } else if (text.length > maxChars) socket.destroy();
  });
}
