import { setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { TEST_LIMIT_MS } from "../limits.ts";

const nginxModule = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const nginxPath = Bun.which("nginx") ?? (existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : null);

/** Where nginx and its RTMP module are. */
export const nginx = { path: nginxPath ?? "nginx", module: nginxModule };

const present = {
  FFmpeg: Bun.which("ffmpeg") !== null && Bun.which("ffprobe") !== null,
  Chromium: Bun.which("chromium") !== null,
  openssl: Bun.which("openssl") !== null,
  HAProxy: Bun.which("haproxy") !== null || existsSync("/usr/sbin/haproxy"),
  rtmpdump: Bun.which("rtmpdump") !== null,
  "nginx with its RTMP module": nginxPath !== null && existsSync(nginxModule),
  systemd: Bun.which("systemd-analyze") !== null && Bun.which("systemd-socket-activate") !== null,
  Redis: Bun.which("redis-server") !== null && Bun.which("redis-cli") !== null,
  logrotate: Bun.which("logrotate") !== null || existsSync("/usr/sbin/logrotate"),
} as const;

/** A program that a test talks to. */
export type Tool = keyof typeof present;

/**
 * `test` with the time limit of this project, for the file that calls it; left out with a reason in the output where one
 * of the programs is missing.
 */
export function testWith(file: string, ...tools: readonly Tool[]): typeof test {
  setDefaultTimeout(TEST_LIMIT_MS);
  const missing = tools.filter((tool) => !present[tool]);
  if (missing.length === 0) return test;
  process.stdout.write(`skipped: ${file} needs ${missing.join(", ")}\n`);
  return test.skip as typeof test;
}
