import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { owned } from "../command.ts";

/** A server under load. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** The port of HTTP; undefined: there is none. */
  readonly http?: number;
  /** Whether `port` has TLS. */
  readonly tls: boolean;
  /** Time from the server's start to its first connection, ms. */
  readonly readyMs: number;
  /** The server's log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A server with HTTP. */
export type HttpServer = Server & { readonly http: number };

/** The URL to publish and play a stream. */
export function rtmpUrl({ port }: Server, stream: string): string {
  return `rtmp://127.0.0.1:${port}/live/${stream}`;
}

const READY_MS = 10_000;
const FILES = 20_000;
/** Debian's place for nginx's modules. */
export const NGINX_MODULES = "/usr/lib/nginx/modules";
const NGINX_MODULE = `${NGINX_MODULES}/ngx_rtmp_module.so`;

/** Starts this project's executable with `toml` in its vhost, and with RTMPS if there is a certificate. */
export async function startSrs(
  executable: string,
  folder: string,
  toml: string,
  tls?: { readonly cert: string; readonly key: string },
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = freePort();
  const conf = join(folder, `srs-${port}.toml`);
  const rtmps = tls && `[rtmps]\nlisten = "127.0.0.1:${port}"\ncert = "${tls.cert}"\nkey = "${tls.key}"\n`;
  const listen = `listen = "127.0.0.1:${tls === undefined ? port : freePort()}"\nmax_connections = 12000\n`;
  writeFileSync(conf, `${listen}${rtmps ?? ""}[vhost.__defaultVhost__]\n${toml}\n`);
  const name = tls === undefined ? "srs" : "srs, RTMPS";
  const server = await start(name, [executable, "--conf", conf], port, join(folder, `srs-${port}.log`), environment);
  return { ...server, tls: tls !== undefined };
}

/** The same with HTTP, and with HLS if `keys` of its table are given. */
export async function startSrsWithHttp(
  executable: string,
  folder: string,
  toml: string,
  hls?: string,
): Promise<HttpServer> {
  const http = freePort();
  const web = ["[http_server]", `listen = "127.0.0.1:${http}"`];
  const cuts = hls === undefined ? [] : ["[vhost.__defaultVhost__.hls]", "enabled = true", hls];
  const server = await startSrs(executable, folder, [toml, ...web, ...cuts].join("\n"));
  return { ...server, http };
}

/** The same with the API. */
export async function startSrsWithApi(executable: string, folder: string, toml: string): Promise<HttpServer> {
  const http = freePort();
  const api = `[http_api]\nlisten = "127.0.0.1:${http}"\nmax_requests_per_minute = 100000`;
  const server = await startSrs(executable, folder, `${toml}\n${api}`);
  return { ...server, http };
}

/** Whether nginx with its RTMP module is installed. */
export function hasNginx(): boolean {
  return Bun.which("nginx") !== null && existsSync(NGINX_MODULE);
}

/** A TLS front of nginx-rtmp in the same process. */
export interface NginxFront {
  readonly module: string;
  /** The block that listens on `port` and forwards to the port `rtmp`. */
  inFront(port: number, rtmp: number): string;
}

/** Starts nginx-rtmp with one application, `live`, optionally with TLS in front of it, and with the blocks in `more`. */
export async function startNginx(folder: string, front?: NginxFront, more = ""): Promise<Server> {
  const port = freePort();
  const own = front === undefined ? port : freePort();
  const conf = join(folder, `nginx-${port}.conf`);
  chmodSync(folder, 0o755);
  writeFileSync(
    conf,
    `load_module ${NGINX_MODULE};
${front === undefined ? "" : `load_module ${front.module};`}
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log error;
worker_rlimit_nofile ${FILES};
events { worker_connections ${FILES - 1000}; }
rtmp { access_log off; server { listen 127.0.0.1:${own}; chunk_size 60000; application live { live on; } } }
${front?.inFront(port, own) ?? ""}
${more}
`,
  );
  const name = front === undefined ? "nginx-rtmp" : "nginx-rtmp behind nginx's TLS";
  const server = await start(name, ["nginx", "-p", folder, "-c", conf], port, join(folder, "nginx.log"));
  return { ...server, tls: front !== undefined };
}

/** Starts nginx-rtmp with HLS of `live`: segments of 2 s and a window of 12 s, served as files at `/hls/`. */
export async function startNginxWithHls(folder: string): Promise<HttpServer> {
  const [port, http] = [freePort(), freePort()];
  const conf = join(folder, `nginx-${port}.conf`);
  const files = join(folder, `hls-${port}`);
  mkdirSync(files, { mode: 0o777 });
  chmodSync(files, 0o777);
  chmodSync(folder, 0o755);
  writeFileSync(
    conf,
    `load_module ${NGINX_MODULE};
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log error;
worker_rlimit_nofile ${FILES};
events { worker_connections ${FILES - 1000}; }
rtmp { access_log off; server { listen 127.0.0.1:${port}; chunk_size 60000; application live {
  live on; hls on; hls_path ${files}; hls_fragment 2s; hls_playlist_length 12s;
} } }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
  server { listen 127.0.0.1:${http}; location /live/ { alias ${files}/; } }
}
`,
  );
  const server = await start("nginx-rtmp", ["nginx", "-p", folder, "-c", conf], port, join(folder, "nginx.log"));
  return { ...server, http };
}

/** Starts nginx-rtmp with its page of streams and clients at `/stat`. */
export async function startNginxWithStat(folder: string): Promise<HttpServer> {
  const http = freePort();
  const page = `http { access_log off; server { listen 127.0.0.1:${http}; location = /stat { rtmp_stat all; } } }`;
  const server = await startNginx(folder, undefined, page);
  return { ...server, http };
}

/** Compiles a C program of `bench/`; returns its path, or undefined without a C compiler. */
export function compile(folder: string, name: "ideal" | "slow"): string | undefined {
  const cc = Bun.which("cc");
  if (cc === null) return undefined;
  const out = join(folder, name);
  const done = Bun.spawnSync([cc, "-O2", "-o", out, join(import.meta.dir, `../${name}.c`)], { stderr: "inherit" });
  return done.exitCode === 0 ? out : undefined;
}

/** Starts the ideal sender: `kbps` to each player, a batch each `batchMs`. */
export function startIdeal(executable: string, folder: string, kbps: number, batchMs: number): Promise<Server> {
  const port = freePort();
  const options = ["--port", String(port), "--kbps", String(kbps), "--batch-ms", String(batchMs), "--seconds", "600"];
  return start(
    "ideal sender",
    [executable, ...options, "--clients", "100000"],
    port,
    join(folder, `ideal-${port}.log`),
  );
}

async function start(
  name: string,
  argv: string[],
  port: number,
  logFile: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const began = performance.now();
  const env = { ...process.env, ...environment };
  const child = owned(Bun.spawn(argv, { env, stdin: "ignore", stdout: Bun.file(logFile), stderr: Bun.file(logFile) }));
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - began > READY_MS) {
      child.kill("SIGKILL");
      throw new Error(`${name} does not start: ${await Bun.file(logFile).text()}`);
    }
    await Bun.sleep(1);
  }
  const readyMs = performance.now() - began;
  const text = await Bun.file(logFile).text();
  return {
    name,
    pid: child.pid,
    port,
    tls: false,
    readyMs,
    log: () => readLog(logFile, text),
    stop: () => stop(child),
  };
}

function readLog(file: string, otherwise: string): string {
  const read = Bun.spawnSync(["cat", file]);
  return read.success ? read.stdout.toString() : otherwise;
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

async function stop(child: Subprocess): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
  await child.exited;
  clearTimeout(timer);
}

/** A free port of loopback. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
