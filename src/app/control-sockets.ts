import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "../features/api/api.ts";
import type { EndpointsConfig } from "./config/endpoints.ts";
import type { Environment } from "./config/index.ts";
import type { Answer } from "./control.ts";

/** The folder where systemd and distributions have a service's sockets. */
const SYSTEM_FOLDER = "/run/srs";

/** The part of the configuration that says where the control socket is. */
export interface ControlConfig extends Pick<EndpointsConfig, "listen" | "rtmps" | "http_server"> {
  readonly pid: string;
}

/**
 * The paths where a server's control socket may be, best first: beside its pid file, else by its first port in the service's own
 * folder (systemd's RuntimeDirectory=), in one for all servers of the machine or of the user. `services` are other services' folders,
 * for commands that look for a server. None for a server without a pid file whose ports the system chooses.
 */
export function controlSocketPaths(
  config: ControlConfig,
  environment: Environment,
  services: readonly string[] = [],
): readonly string[] {
  if (config.pid !== "") return [`${config.pid.replace(/\.pid$/, "")}.sock`];
  const { listen, rtmps, http_server } = config;
  const all = [...listen, ...rtmps.listen, ...http_server.listen, ...http_server.tls.listen];
  const first = all.find(({ port }) => port !== 0);
  return first === undefined ? [] : socketPathsOfPort(first.port, environment, services);
}

/** The same for a server whose first port is known. */
export function socketPathsOfPort(
  port: number,
  { RUNTIME_DIRECTORY: service, XDG_RUNTIME_DIR: user }: Environment,
  services: readonly string[] = [],
): readonly string[] {
  const folders = [
    ...(service ? service.split(":") : []),
    SYSTEM_FOLDER,
    ...services,
    ...(user ? [`${user}/srs`] : []),
  ];
  return folders.map((folder) => `${folder}/${port}.sock`);
}

/** The folders that services have for their sockets, as the unit makes them: /run/srs/NAME. */
export function serviceFolders(folder = SYSTEM_FOLDER): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return entries.map(({ name }) => join(folder, name)).toSorted();
  } catch {
    return []; // no service has made it yet
  }
}

/** Answers a call of the API from the control socket: `METHOD TARGET`, and after them a body. Lines: status, JSON. */
export async function answerCall(api: Api, asked: string): Promise<Answer> {
  const [, method = "", target = "", body = ""] = /^(\S+) (\S+) ?(.*)$/s.exec(asked) ?? [];
  const { status, json } = await api.call(method, target, body);
  return { ok: status < 400, lines: [String(status), json.trimEnd()] };
}
