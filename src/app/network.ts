import { formatHostPort } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { OpenRedis } from "../base/redis.ts";
import { type ListenEndpoint, plainEndpoint } from "../io/net/listen-endpoint.ts";
import { redisOpener } from "../io/net/redis.ts";
import { Tcp } from "../io/net/tcp.ts";
import { openFilesProblem } from "../io/os/process.ts";
import { SystemdSockets } from "../io/os/systemd-sockets.ts";
import { UpgradeSockets } from "../io/os/upgrade-sockets.ts";
import { Certificates } from "../io/tls/certificates.ts";
import { Trust } from "../io/tls/trust.ts";
import { CertificateReloader, type Reloadable } from "./certificate-reloader.ts";
import { endpointsOf } from "./config/endpoints.ts";
import type { Config } from "./config/index.ts";
import type { Listening, ListeningOptions } from "./listening.ts";
import type { LiveConfig } from "./live-config.ts";
import type { OldProcess } from "./upgrade.ts";

/** What the network needs. */
export interface NetworkOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly live: LiveConfig;
  /** Receives bugs of the program. */
  readonly onFault: (error: unknown) => void;
  readonly oldProcess: OldProcess | undefined;
}

/** A server's sockets, certificates and trust in the configuration in effect. */
export class Network {
  readonly tcp: Tcp;
  readonly openRedis: OpenRedis;
  /** The certificates for TLS clients of each protocol. */
  readonly certificates: ListeningOptions["certificates"];
  readonly certificateReloader: CertificateReloader;
  readonly upgradeSockets: UpgradeSockets;
  readonly #systemdSockets = new SystemdSockets(process.env, process.pid);
  readonly #log: Log;
  readonly #live: LiveConfig;

  constructor({ clock, log, live, onFault, oldProcess }: NetworkOptions) {
    this.#log = log;
    this.#live = live;
    this.upgradeSockets = new UpgradeSockets(oldProcess?.sockets ?? []);
    const trust = new Trust();
    live.follow({ prepare: ({ max_connections }) => refuse(openFilesProblem(max_connections)) });
    const rtmps = new Certificates();
    const https = new Certificates("http_server.tls");
    this.certificates = {
      rtmp: () => rtmps,
      // The API has no port with TLS.
      api: () => rtmps,
      http: () => (live.current.http_server.tls.cert.length > 0 ? https : rtmps),
    };
    live.follow({ prepare: (next) => rtmps.prepare(next.rtmps) });
    live.follow({ prepare: (next) => https.prepare(next.http_server.tls) });
    live.follow({ prepare: ({ rtmps }) => trust.prepare(rtmps) });
    const reloadable = new Map<string, Reloadable>([
      ["certificates of rtmps", rtmps],
      ["certificates of http_server.tls", https],
      ["CA certificates of rtmps", trust],
    ]);
    this.certificateReloader = new CertificateReloader(clock, log, reloadable);
    const sockets = { take: this.#takeSocket.bind(this) };
    this.openRedis = redisOpener(trust);
    this.tcp = new Tcp(clock, onFault, sockets, trust);
    const { memory } = this.tcp;
    memory.limit = live.current.limits.input_memory;
    live.follow({
      apply({ limits }) {
        memory.limit = limits.input_memory;
      },
    });
  }

  #takeSocket(address: Parameters<UpgradeSockets["take"]>[0]) {
    return this.upgradeSockets.take(address) ?? this.#systemdSockets.take(address);
  }

  /** Listens at the configuration's endpoints. `features` are reconfigured after each change. */
  follow(listening: Listening, features: { reconfigure(): void }): void {
    this.#live.follow({
      prepare: (next) => listening.prepare(this.#endpoints(next)),
      apply: (next, before) => {
        features.reconfigure();
        const isTlsChanged = next.rtmps !== before.rtmps || next.http_server !== before.http_server;
        if (next.listen !== before.listen || isTlsChanged) this.logSockets(next);
        if (isTlsChanged) this.certificateReloader.logWarnings();
      },
    });
  }

  /** The endpoints of a configuration, with the systemd sockets that it does not name. */
  #endpoints(config: Config): readonly ListenEndpoint[] {
    const named = endpointsOf(config);
    const more = this.#systemdSockets.besides(named).map(({ address }) => ({ ...address, ...plainEndpoint }));
    return [...named, ...more];
  }

  /** Logs systemd's sockets, and those that `listen` does not name. */
  logSockets(config: Config): void {
    const unnamed = this.#systemdSockets.besides(endpointsOf(config));
    for (const socket of this.#systemdSockets.all) {
      const fields = { listen: formatHostPort(socket.address), name: socket.name };
      if (unnamed.includes(socket))
        this.#log.warn("socket of systemd that listen does not name; RTMP is accepted on it too", fields);
      else this.#log.info("socket of systemd", fields);
    }
  }
}

function refuse(problem: string | undefined): undefined {
  if (problem !== undefined) throw new UserError(problem);
}
