import type { Api } from "../features/api/api.ts";
import type { EndpointsConfig } from "./config/endpoints.ts";
import type { Environment } from "./config/index.ts";
import type { Answer } from "./control.ts";

/** Where systemd and distributions have a service's sockets. */
const SYSTEM_FOLDER = "/run/srs";

/** The part of the configuration that says where the control socket is. */
export interface ControlConfig extends Pick<EndpointsConfig, "listen" | "rtmps" | "http_server"> {
  readonly pid: string;
}

/**
 * The paths where a server's control socket may be, best first: beside its pid file, else by its first port in a folder for all
 * servers of the machine or of the user. None for a server without a pid file whose ports the system chooses.
 */
export function controlSocketPaths(config: ControlConfig, environment: Environment): readonly string[] {
  if (config.pid !== "") return [`${config.pid.replace(/\.pid$/, "")}.sock`];
  const { listen, rtmps, http_server } = config;
  const all = [...listen, ...rtmps.listen, ...http_server.listen, ...http_server.tls.listen];
  const first = all.find(({ port }) => port !== 0);
  return first === undefined ? [] : socketPathsOfPort(first.port, environment);
}

/** The same for a server whose first port is known. */
export function socketPathsOfPort(port: number, { XDG_RUNTIME_DIR: own }: Environment): readonly string[] {
  return [SYSTEM_FOLDER, ...(own ? [`${own}/srs`] : [])].map((folder) => `${folder}/${port}.sock`);
}

/** Answers a call of the API that came by the control socket: `METHOD TARGET`, and a body behind them. Lines: status, JSON. */
export async function answerCall(api: Api, asked: string): Promise<Answer> {
  const [, method = "", target = "", body = ""] = /^(\S+) (\S+) ?(.*)$/s.exec(asked) ?? [];
  const { status, json } = await api.call(method, target, body);
  return { ok: status < 400, lines: [String(status), json.trimEnd()] };
}
