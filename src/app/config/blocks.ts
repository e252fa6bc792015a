import { named, table, type ValueOf } from "../../config/table.ts";
import { apiTable } from "../../features/api/config.ts";
import { clusterTable } from "../../features/cluster/config.ts";
import { consoleTable } from "../../features/console/config.ts";
import { directorKeys } from "../../features/director/config.ts";
import { edgeTable } from "../../features/edge/config.ts";
import { forwardKeys, forwardRootKeys } from "../../features/forward/config.ts";
import { healthTable } from "../../features/health/config.ts";
import { hlsTable } from "../../features/hls/config.ts";
import { hooksTable } from "../../features/hooks/config.ts";
import { httpServerTable } from "../../features/http/config.ts";
import { httpRemuxTable } from "../../features/http-live/config.ts";
import { limitsTable, vhostLimitsTable } from "../../features/limits/config.ts";
import { pageTable } from "../../features/page/config.ts";
import { registryKeys } from "../../features/registry/config.ts";
import { publishTable, rtmpKeys, rtmpVhostKeys } from "../../features/rtmp/config.ts";
import { rtmpsTable } from "../../features/rtmp/rtmps-config.ts";
import { securityTable } from "../../features/security/config.ts";
import { enginesTable, transcodeTable } from "../../features/transcode/config.ts";
import { streamKeys } from "../../live/config.ts";
import { logTable } from "./log.ts";
import { processKeys } from "./process.ts";
import { proxyProtocolTable } from "./proxy-protocol.ts";

/** The vhost for every name without a table of its own. */
export const defaultVhost = "__defaultVhost__";

const vhostTable = table(
  `A vhost, with streams of its own. ${defaultVhost} serves every name without a table of its own.`,
  {
    ...streamKeys,
    ...rtmpVhostKeys,
    ...forwardKeys,
    ...directorKeys,
    publish: publishTable,
    security: securityTable,
    edge: edgeTable,
    hls: hlsTable,
    http_remux: httpRemuxTable,
    http_hooks: hooksTable,
    limits: vhostLimitsTable,
    health: healthTable,
    transcode: enginesTable,
  },
);

/** The whole configuration file: each block belongs to the folder it is imported from. */
export const rootTable = table("The configuration file.", {
  ...rtmpKeys,
  ...processKeys,
  ...forwardRootKeys,
  rtmps: rtmpsTable,
  http_server: table(httpServerTable.doc, { ...httpServerTable.entries, page: pageTable }),
  http_api: table(apiTable.doc, { ...apiTable.entries, console: consoleTable }),
  cluster: table(clusterTable.doc, { ...clusterTable.entries, ...registryKeys }),
  proxy_protocol: proxyProtocolTable,
  log: logTable,
  limits: limitsTable,
  transcode: transcodeTable,
  vhost: named({ table: vhostTable, implied: defaultVhost, nameProblem: vhostNameProblem }),
});

/** One vhost's configuration, complete. */
export type VhostConfig = ValueOf<typeof vhostTable>;

/** The whole configuration, complete: property names are the keys of the file. */
export type Config = ValueOf<typeof rootTable>;

function vhostNameProblem(name: string): string | undefined {
  if (name !== defaultVhost && /^(?:_*default_*vhost_*|_+default_+)$/i.test(name))
    return `no host has this name; did you mean ${defaultVhost}?`;
  if (/^[A-Za-z0-9_.:-]+$/.test(name)) return undefined;
  return "a vhost is a host name or an address: letters, digits, and . _ : -";
}
