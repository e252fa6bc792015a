import { formatHostPort, type HostPort, type ListenAddress } from "../../base/address.ts";
import type { Change } from "../../base/change.ts";
import type { Timer } from "../../base/clock.ts";
import { contains, parseIp } from "../../base/network.ts";
import type { TransportHandler } from "../../base/transport.ts";
import type { ListenerPolicy, Proxies } from "../../io/net/accept-pipeline.ts";
import type { Tcp } from "../../io/net/tcp.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpContext } from "./context.ts";
import type { ListenEndpoint } from "./listen-endpoint.ts";
import { Listeners } from "./listeners.ts";

const TICK_MS = 1000;

/** Accepts RTMP connections and owns them. */
export class RtmpServer implements Feature {
  readonly name = "rtmp";
  readonly #context: RtmpContext;
  readonly #connections = new Set<RtmpConnection>();
  readonly #listeners: Listeners;
  /** Runs while there are connections. */
  #tick: Timer | undefined;
  #nextId = 1;

  constructor(context: RtmpContext, tcp: Pick<Tcp, "listen">) {
    this.#context = context;
    const { log } = context;
    const listen = (place: () => ListenEndpoint) =>
      tcp.listen(
        place(),
        (remote) => this.#accept(remote),
        () => this.#entrance(place()),
      );
    this.#listeners = new Listeners(listen, {
      listening: (address, place) => log.info("listening", inWords(address, place)),
      stopped: (address) => log.info("listening no more", { on: formatHostPort(address) }),
      lost: (address, error) => log.error("listening no more", { on: formatHostPort(address), error: error.message }),
    });
  }

  /** Makes ready to listen at these places and no others; connections stay. Throws UserError, one line for each that can't be had. */
  prepareListeners(places: readonly ListenEndpoint[]): Change {
    return this.#listeners.prepare(places);
  }

  /** The configuration has changed: connections follow it. Streams of a vhost that takes nobody any more end properly. */
  reconfigure(): void {
    // Streams first: that tells the players of their end before their connections close.
    for (const connection of [...this.#connections]) if (connection.publishing > 0) connection.reconfigure();
    for (const connection of [...this.#connections]) connection.reconfigure();
  }

  /** What another process needs to go on listening. */
  get openListeners(): Listeners["open"] {
    return this.#listeners.open;
  }

  /** Accepts no more; connections go on. */
  stopListening(): void {
    this.#listeners.stop();
  }

  /**
   * Accepts no more, ends every stream and connection properly. What is under way still leaves. `lost`: the publishers may
   * go on elsewhere, and whoever gets their streams waits for them.
   */
  stop(how: SourceEnd = "unpublished"): void {
    this.stopListening();
    this.#stopTicking();
    // Streams first: that tells the players of their end before their connections close.
    for (const connection of [...this.#connections]) if (connection.publishing > 0) connection.shutdown(how);
    for (const connection of [...this.#connections]) connection.shutdown(how);
  }

  /** Whether every connection is gone. */
  get idle(): boolean {
    return this.#connections.size === 0;
  }

  /** What comes in at a place, by the configuration as it is now. */
  #entrance({ plain, tls, proxied }: ListenEndpoint): ListenerPolicy {
    return {
      plain,
      certificates: tls ? this.#context.certificates : undefined,
      proxies: proxied ? this.#proxies : undefined,
      refused: (peer, reason) => this.#refused("opening", peer, reason),
    };
  }

  readonly #proxies: Proxies = {
    trusts: (host) => {
      const address = parseIp(host);
      return address !== undefined && this.#context.trustedProxies.some((network) => contains(network, address));
    },
    hasRoom: (waiting) => this.#context.entry.connections.hasRoom(waiting),
  };

  #accept(remote: HostPort): TransportHandler | undefined {
    const place = this.#context.entry.connections.acquire(remote.host);
    if (!place.ok) {
      this.#refused(place.rule, remote, place.reason);
      return undefined;
    }
    const connection: RtmpConnection = new RtmpConnection(this.#context, `c${this.#nextId++}`, {
      hungUp: () => place.hungUp(),
      gone: () => {
        place.gone();
        this.#gone(connection);
      },
    });
    this.#connections.add(connection);
    this.#tick ??= this.#context.clock.every(TICK_MS, () => this.#onTick());
    return connection;
  }

  #refused(rule: string, peer: HostPort, error: string): void {
    const { log, refusals } = this.#context;
    refusals.add({ rule, log, message: "connection refused", fields: { addr: formatHostPort(peer), error } });
  }

  #gone(connection: RtmpConnection): void {
    if (!this.#connections.delete(connection)) return;
    if (this.#connections.size === 0) this.#stopTicking();
  }

  #onTick(): void {
    const now = this.#context.clock.now();
    for (const connection of this.#connections) connection.tick(now);
  }

  #stopTicking(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
  }
}

/** Where we listen for what, as the log says it. */
function inWords(address: ListenAddress, { plain, tls, proxied }: ListenEndpoint) {
  const on = formatHostPort(address);
  return { rtmp: plain ? on : undefined, rtmps: tls ? on : undefined, proxy_protocol: proxied ? true : undefined };
}
