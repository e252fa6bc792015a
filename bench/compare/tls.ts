import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasNginx, NGINX_MODULES, type Server, startNginx, startSrs } from "./servers.ts";

const STREAM_MODULE = `${NGINX_MODULES}/ngx_stream_module.so`;

/** Makes a certificate for this machine and its key in `folder`; undefined without the openssl command. */
function certificate(folder: string): { readonly cert: string; readonly key: string } | undefined {
  if (Bun.which("openssl") === null) return undefined;
  const [cert, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert];
  Bun.spawnSync(["openssl", "req", "-x509", ...kind, "-subj", "/CN=localhost", "-days", "2"]);
  return { cert, key };
}

/**
 * Starters of the servers in a comparison of TLS, for one after the other: this server with and without TLS, and nginx-rtmp with
 * and without nginx's own TLS in front of it, in the same process.
 */
export function secureServers(executable: string, folder: string, toml: string): (() => Promise<Server>)[] {
  const files = certificate(folder);
  if (files === undefined) return [];
  const starts = [() => startSrs(executable, folder, toml), () => startSrs(executable, folder, toml, files)];
  if (!hasNginx() || !existsSync(STREAM_MODULE)) return starts;
  const inFront = (port: number, rtmp: number) => `stream { server {
  listen 127.0.0.1:${port} ssl; proxy_pass 127.0.0.1:${rtmp};
  ssl_certificate ${files.cert}; ssl_certificate_key ${files.key}; ssl_protocols TLSv1.2 TLSv1.3;
} }`;
  return [...starts, () => startNginx(folder), () => startNginx(folder, { module: STREAM_MODULE, inFront })];
}
