import { linkSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import packageJson from "../../../package.json";
import { executable } from "./executable.ts";
import { ReloadServer } from "./reload/server.ts";
import type { Stage } from "./stage.ts";

/** A version that is another one than this, and as long. */
export const otherVersion = packageJson.version.replace(/\d/g, (digit) => (digit === "9" ? "8" : "9"));

/** A server whose program file is its own, so that it can be upgraded to another version. */
export class UpgradableServer {
  readonly server: ReloadServer;
  readonly #stage: Stage;
  readonly #program: string;

  private constructor(stage: Stage, server: ReloadServer, program: string) {
    this.server = server;
    this.#stage = stage;
    this.#program = program;
  }

  static async start(stage: Stage, toml: string, name: string): Promise<UpgradableServer> {
    const program = stage.path(`${name}-program`);
    linkSync(executable(), program);
    return new UpgradableServer(stage, await ReloadServer.start(stage, toml, name, program), program);
  }

  /** Puts a program that calls itself `otherVersion` in the place of this one, and upgrades to it. */
  async upgrade(): Promise<void> {
    const bytes = readFileSync(this.#program);
    const [version, other] = [Buffer.from(packageJson.version), Buffer.from(otherVersion)];
    for (let at = bytes.indexOf(version); at >= 0; at = bytes.indexOf(version, at + version.length))
      if (!isDigit(bytes[at - 1]) && !isDigit(bytes[at + version.length])) other.copy(bytes, at);
    writeFileSync(`${this.#program}.new`, bytes, { mode: 0o755 });
    renameSync(`${this.#program}.new`, this.#program);
    const { exitCode, out, err } = await this.server.run("upgrade", this.#program);
    const pid = Number(/^upgraded: server ([1-9]\d*) /.exec(out)?.[1]);
    if (exitCode !== 0 || !(pid > 1)) throw new Error(`not upgraded: ${exitCode}\n${out}${err}`);
    this.#stage.defer(() => process.kill(pid, "SIGKILL"));
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
