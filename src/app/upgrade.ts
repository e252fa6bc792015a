import { existsSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Handover } from "../features/handover/handover.ts";
import { reasonOf } from "../io/files/file.ts";
import { randomId } from "../io/os/process.ts";
import type { UpgradeSocket } from "../io/os/upgrade-sockets.ts";
import type { Environment } from "./config/index.ts";
import type { Answer } from "./control.ts";
import { receiveFailure } from "./start-failure.ts";

/** What the old process passes to the new process that it starts. */
export interface OldProcess {
  /** The socket at which the old process waits for the new one. */
  readonly socket: string;
  /** The socket for the new process's reasons when it can't start. */
  readonly failures: string;
  /** The id in hop traces: both processes are one server. */
  readonly nodeId: string;
  /** Listening sockets, open in the new process under these numbers. */
  readonly sockets: readonly UpgradeSocket[];
}

const VARIABLE = "HANDED_OVER_BY_SRS";
/** Variables that concern one process only. */
const OWN_VARIABLES = [VARIABLE, "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"];
/** A process with one of these was started with open sockets. */
export const passingVariables: readonly string[] = [VARIABLE, "LISTEN_FDS"];
const FIRST_FD = 3;
/** The new process must accept clients within this time, or is killed. */
const START_MS = 30_000;

/** What the old process has passed to this one, if it was started by an upgrade; removed from `environment`. */
export function takeOldProcess(environment: Record<string, string | undefined>): OldProcess | undefined {
  const text = environment[VARIABLE];
  delete environment[VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as OldProcess);
}

/** A unique path for the socket between two processes, in a folder where only this user may create one. */
export function meetingPoint(pidFile: string): string {
  const name = `srs-${process.pid}-${randomId()}.sock`;
  const folder = pidFile === "" ? (process.env.RUNTIME_DIRECTORY?.split(":")[0] ?? tmpdir()) : join(pidFile, "..");
  return join(folder, name);
}

/** A link to the current location of this process's program. */
const RUNNING = "/proc/self/exe";
/** The location of the program's file when this process started. */
const ownExecutable = readlinkSync(RUNNING).replace(/ \(deleted\)$/, "");

/** The program's file, if it was replaced since this process started. */
export function replacedExecutable(): string | undefined {
  return readlinkSync(RUNNING) !== ownExecutable && existsSync(ownExecutable) ? ownExecutable : undefined;
}

/** What an upgrade needs of the server. */
export interface UpgradeOptions {
  readonly handover: Handover;
  readonly log: Log;
  readonly nodeId: string;
  readonly pidFile: string;
  /** The environment with which this process was started. */
  readonly environment: Environment;
  /** The configuration that this process has read from standard input; the new process reads it there, too. */
  readonly input: string | undefined;
  sockets(): readonly UpgradeSocket[];
  /** The new process accepts clients. */
  succeeded(pid: number): void;
}

/** Starts the new process, which takes over the listening sockets; this process then drains. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  #underWay = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /**
   * Starts the program's file as this process was started, and waits until it accepts clients; on failure nothing changes.
   * `asked` is the file of the program that requests the upgrade; a different file is refused, so that no request chooses the
   * program.
   */
  async start(asked = ""): Promise<Answer> {
    const { handover, log } = this.#options;
    if (asked !== "" && asked !== ownExecutable) {
      const error = `this server runs ${ownExecutable}, not ${asked}: put the new program in its place, then upgrade`;
      return refused(log, error);
    }
    const busy = handover.sibling === undefined ? undefined : `server ${handover.sibling}, which still drains`;
    if (busy !== undefined) return refused(log, `the last upgrade is not over: wait for ${busy}, or stop it`);
    if (process.pid === 1)
      return refused(log, "a container ends with its first process: start a new container instead");
    if (this.#underWay) return refused(log, "an upgrade is under way");
    this.#underWay = true;
    try {
      return await this.#run(ownExecutable);
    } catch (error) {
      return refused(log, error instanceof Error ? error.message : String(error));
    } finally {
      this.#underWay = false;
    }
  }

  async #run(executable: string): Promise<Answer> {
    const { handover, log, succeeded, pidFile } = this.#options;
    const [socket, failures] = [meetingPoint(pidFile), meetingPoint(pidFile)];
    const receiver = await receiveFailure(failures);
    try {
      const ready = Promise.withResolvers<number>();
      handover.expect(socket, ready.resolve);
      const child = this.#spawn(executable, { socket, failures });
      log.info("starting the new process", { pid: child.pid, executable });
      const outcome = await Promise.race([
        ready.promise.then((pid) => ({ pid })),
        child.exited.then((code) => ({
          error: `the new server did not start (status ${code})${reasons(receiver.lines)}`,
        })),
        Bun.sleep(START_MS).then(() => ({
          error: `the new server does not accept clients within ${START_MS / 1000} s`,
        })),
      ]);
      if ("error" in outcome) {
        child.kill();
        throw new UserError(outcome.error);
      }
      child.unref();
      succeeded(outcome.pid);
      log.info("succeeded by the new process", outcome);
      return { ok: true, lines: [`upgraded: server ${outcome.pid} accepts clients, server ${process.pid} drains`] };
    } catch (error) {
      handover.close();
      throw error;
    } finally {
      receiver.stop();
    }
  }

  #spawn(executable: string, meeting: Pick<OldProcess, "socket" | "failures">): Bun.Subprocess {
    const { nodeId, environment, input } = this.#options;
    const own = this.#options.sockets();
    const sockets = own.map((one, at) => ({ ...one, fd: FIRST_FD + at }));
    const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN_VARIABLES.includes(name)));
    const oldProcess: OldProcess = { ...meeting, nodeId, sockets };
    try {
      return Bun.spawn([executable, ...process.argv.slice(2)], {
        env: { ...env, [VARIABLE]: JSON.stringify(oldProcess) },
        stdio: [
          input === undefined ? "ignore" : new TextEncoder().encode(input),
          "inherit",
          "inherit",
          ...own.map(({ fd }) => fd),
        ],
      });
    } catch (error) {
      throw new UserError(`cannot run ${executable}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function reasons(lines: readonly string[]): string {
  return lines.length === 0 ? "; what it wrote to its standard error says why" : `: ${lines.join("; ")}`;
}

function refused(log: Log, error: string): Answer {
  log.error("not upgraded: all goes on as before", { error });
  return { ok: false, lines: [error, "not upgraded: all goes on as before"] };
}
