import { readFileSync } from "node:fs";
import { ReloadServer } from "./reload/server.ts";
import type { Stage } from "./stage.ts";

/** A server with HLS of short segments, which a test upgrades. */
export class HlsReloadServer {
  readonly server: ReloadServer;
  readonly #stage: Stage;
  readonly #base: string;

  private constructor(stage: Stage, server: ReloadServer, httpPort: string) {
    this.#stage = stage;
    this.server = server;
    this.#base = `http://127.0.0.1:${httpPort}/live/`;
  }

  /** `more`: further lines of HLS, and tables. */
  static async start(stage: Stage, more = ""): Promise<HlsReloadServer> {
    const hls = ["[http_server]", 'listen = "127.0.0.1:0"', "[vhost.__defaultVhost__.hls]", "enabled = true"];
    const server = await ReloadServer.start(stage, [...hls, "hls_fragment = 1", "hls_window = 6", more].join("\n"));
    const line = await server.program.line(/ listening .*http=/);
    return new HlsReloadServer(stage, server, /http=\S*?:(\d+)/.exec(line)?.[1] ?? "");
  }

  /** Asks for a path of the app over a new connection, as players do that come back after a while. */
  async get(target: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(this.#base + target, { headers: { connection: "close" } });
    return { status: answer.status, text: await answer.text() };
  }

  /** Starts a new process in the old one's place, which ends with the test. Throws when `srs upgrade` fails. */
  async upgrade(): Promise<void> {
    const { exitCode, err } = await this.server.run("upgrade");
    if (exitCode !== 0 || err !== "") throw new Error(`not upgraded: ${exitCode}\n${err}`);
    const next = Number(readFileSync(this.#stage.path("server.pid"), "utf8"));
    if (!(next > 1)) throw new Error("the new process has no pid file");
    this.#stage.defer(() => process.kill(next, "SIGKILL"));
  }
}
