import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { RegistryServer } from "../../../src/features/registry/config.ts";
import { until } from "./wait.ts";

/** A Redis server of a test. */
export interface TestRedis {
  readonly url: string;
  readonly server: RegistryServer;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
  /** A command by `redis-cli`; its output. */
  cli(...args: readonly string[]): string;
  stop(): Promise<void>;
}

/** Starts a server on loopback without persistence; `port`: the one of a server that is gone. Resolves when it answers. */
export async function startRedis(
  folder: string,
  port = freePort(),
  options: readonly string[] = [],
  conf?: string,
): Promise<TestRedis> {
  const log = join(folder, `redis-${port}.log`);
  const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
  const fixed = conf === undefined ? [...place, "--save", "", "--appendonly", "no"] : [conf, ...place];
  const child = Bun.spawn(["redis-server", ...fixed, ...options], { stdout: Bun.file(log), stderr: "ignore" });
  await until("Redis answers", () => answers(port));
  const text = `redis://127.0.0.1:${port}`;
  const nobody = { username: "", password: "", database: 0, tls: false };
  return {
    url: text,
    server: { text, host: "127.0.0.1", port, ...nobody },
    signal: (name) => child.kill(name),
    cli(...args) {
      const { exitCode, stdout, stderr } = Bun.spawnSync(["redis-cli", "-p", String(port), ...args]);
      if (exitCode !== 0) throw new Error(`redis-cli ${args.join(" ")}: ${stderr}`);
      return stdout.toString();
    },
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** Starts a Sentinel that watches a primary, and soon replaces it when it is gone. Resolves when it answers. */
export async function startSentinel(folder: string, primary: TestRedis): Promise<TestRedis> {
  const conf = join(folder, "sentinel.conf");
  const watched = `sentinel monitor m 127.0.0.1 ${primary.server.port} 1`;
  const soon = "sentinel down-after-milliseconds m 500\nsentinel failover-timeout m 2000";
  writeFileSync(conf, `${watched}\n${soon}\n`);
  return startRedis(folder, undefined, ["--sentinel"], conf);
}

/** A port that the kernel gives, and nobody listens on any more. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const settle = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.once("error", () => settle(false));
    socket.once("data", () => settle(true));
    socket.connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
  });
}
