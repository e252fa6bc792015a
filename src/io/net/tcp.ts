import type { Socket, SocketHandler, TCPSocketListenOptions } from "bun";
import { formatHostPort, type HostPort, type ListenAddress } from "../../base/address.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { normaliseIp } from "../../base/network.ts";
import type { Dial, LocalNet, TransportHandler } from "../../base/transport.ts";
import { describeSocketError, errorCode } from "../os/socket-errors.ts";
import type { SystemdSockets } from "../os/systemd-sockets.ts";
import { Trust } from "../tls/trust.ts";
import { AcceptPipeline, type ListenerPolicy, type Proxies } from "./accept-pipeline.ts";
import { AcceptTurns } from "./accept-turns.ts";
import { createDial, resolveHost } from "./dial.ts";
import { HeldBuffers } from "./held-buffers.ts";
import { InputMemory } from "./input-memory.ts";
import { InputScheduler } from "./input-scheduler.ts";
import { keepAcceptedAlive, limitUnsent, raiseBacklog } from "./listening-socket.ts";
import { createLocal } from "./local.ts";
import { MergedReads } from "./merged-reads.ts";
import { RefusedConnections } from "./refused-connections.ts";
import type { SocketData } from "./socket-data.ts";
import { type ByteSocket, type StallWatch, TcpTransport } from "./tcp-transport.ts";

/** A peer that takes none of its queued bytes for this long is gone. A player stopped for less continues. */
const STALL_MS = 60_000;
const SWEEP_MS = 5000;
/** Memory for bytes queued for slow peers, all together: this, and a little for each of them. */
const MAX_HELD_BYTES = 256 * 1024 * 1024;
const HELD_BYTES_EACH = 64 * 1024;
/** When nothing is sent, the kernel's keep-alive probes detect a vanished peer after this. */
const KEEPALIVE_MS = 60_000;

/** An open listening socket. */
export interface Listener {
  /** The address as bound; the port is the real one if 0 was requested. */
  readonly address: ListenAddress;
  /** Its descriptor, for a process that continues with it; undefined if it is unknown. */
  readonly fd?: number | undefined;
  /** Accepts no more; connections stay. */
  stop(): void;
}

/** TCP in this runtime: listening, dialling, and one watch over all connections with slow peers. */
export class Tcp implements StallWatch {
  readonly #clock: Clock;
  readonly #blocked = new Set<TcpTransport>();
  readonly #held = new HeldBuffers();
  readonly #refused: RefusedConnections;
  #relieving = false;
  /** Runs while connections wait for their peers. */
  #sweeping: Timer | undefined;
  readonly onFault: (error: Error) => void;
  readonly turns: InputScheduler;
  /** The memory of all connections' input. */
  readonly memory: InputMemory;
  readonly reads: MergedReads;
  /** Dials as `Dial` describes: the addresses of the name in turn, within one timeout. */
  readonly dial: Dial;
  /** The same kind of connection to processes of this machine. */
  readonly local: LocalNet;
  readonly #handlers: typeof connected & Pick<SocketHandler<SocketData>, "error">;
  readonly #tlsHandlers: SocketHandler<SocketData>;
  readonly #inherited: Pick<SystemdSockets, "take"> | undefined;

  /**
   * `onFault` receives an exception of an owner's handler, a bug; the connection is then closed. An
   * address of one of the `inherited` sockets isn't bound again. `trust` checks the certificates of servers
   * that are dialled, whose addresses `resolve` finds.
   */
  constructor(
    clock: Clock,
    onFault: (error: Error) => void = () => undefined,
    inherited?: Pick<SystemdSockets, "take">,
    trust: Trust = new Trust(),
    resolve: (host: string) => Promise<readonly string[]> = resolveHost,
  ) {
    this.#clock = clock;
    this.#inherited = inherited;
    this.onFault = onFault;
    this.#refused = new RefusedConnections(clock, onFault);
    this.turns = new InputScheduler(clock);
    this.memory = new InputMemory(clock);
    this.reads = new MergedReads(clock);
    this.#handlers = {
      ...connected,
      error: (socket, error) => {
        if (socket.data.owner === undefined) onFault(error);
        else socket.data.owner.fault(error);
      },
    };
    this.#tlsHandlers = {
      ...this.#handlers,
      handshake: (socket, ok, error) => socket.data.secured?.(socket, ok, error),
    };
    this.dial = createDial({
      clock,
      trust,
      resolve,
      handlers: this.#handlers,
      tlsHandlers: this.#tlsHandlers,
      wrap: (socket, remote, ip) => {
        socket.setKeepAlive(true, KEEPALIVE_MS);
        return new TcpTransport(socket, remote, clock, this, ip);
      },
    });
    this.local = createLocal({
      handlers: this.#handlers,
      wrap: (socket, remote) => new TcpTransport(socket, remote, clock, this),
    });
  }

  blocked(transport: TcpTransport): void {
    this.#blocked.add(transport);
    this.#sweepLater();
  }

  free(transport: TcpTransport): void {
    this.#blocked.delete(transport);
  }

  hold(buffer: Uint8Array): void {
    this.#held.hold(buffer);
    if (this.#held.bytes <= this.#maxHeld || this.#relieving) return;
    this.#relieving = true;
    this.#clock.soon(() => this.#relieve());
  }

  release(buffer: Uint8Array): void {
    this.#held.release(buffer);
  }

  /**
   * Listens; each connection goes to the handler that `accept` gives for its client's address, or is closed when it gives none, after the
   * policy's `refusal`. `policy` is called for each connection. Throws UserError when the address can't be bound.
   */
  listen(
    address: ListenAddress,
    accept: (remote: HostPort) => TransportHandler | undefined,
    policy: () => ListenerPolicy = () => PLAIN,
  ): Listener {
    let waiting = 0;
    let accepting: AcceptTurns | undefined;
    let isKeptAlive = false;
    const tune = (fd: number) => {
      raiseBacklog(fd);
      limitUnsent(fd);
      isKeptAlive = keepAcceptedAlive(fd, KEEPALIVE_MS);
      accepting = new AcceptTurns(fd, this.#clock);
      return accepting;
    };
    const socket = {
      open: (connection: Socket<SocketData>) => {
        accepting?.count();
        connection.data = { owner: undefined };
        const peer = remoteOf(connection);
        if (peer === undefined) {
          connection.terminate();
          return;
        }
        if (!isKeptAlive) connection.setKeepAlive(true, KEEPALIVE_MS);
        const chosen = policy();
        if (chosen.proxies !== undefined && !admits(chosen, chosen.proxies, peer, waiting)) {
          accepting?.countRefused();
          connection.terminate();
        } else if (chosen.proxies !== undefined) {
          waiting++;
          this.#open(connection, peer, accept, chosen, () => waiting--);
        } else if (chosen.certificates !== undefined) this.#open(connection, peer, accept, chosen, () => undefined);
        else {
          const handler = accept(peer);
          if (handler === undefined) {
            accepting?.countRefused();
            this.#refused.refuse(connection, chosen.refusal);
          } else this.#begin(connection, peer, handler);
        }
      },
      end: (connection: Socket<SocketData>) => {
        if (connection.data.owner?.onPeerEnd?.() !== true) connection.end();
      },
      ...this.#handlers,
    };
    const taken = this.#inherited?.take(address);
    if (taken !== undefined) {
      // Not in the type either: a descriptor in the place of an address.
      const { host, port } = taken.address;
      const listener = Bun.listen<SocketData>({
        hostname: host,
        port,
        fd: taken.fd,
        allowHalfOpen: true,
        socket,
      } as TCPSocketListenOptions<SocketData>);
      return opened(taken.address, listener, tune(taken.fd));
    }
    const bound = bind(address, (hostname) =>
      Bun.listen<SocketData>({ hostname, port: address.port, allowHalfOpen: true, socket }),
    );
    const { listener } = bound;
    // Not in the type, but there: the listening socket's descriptor.
    const fd = "fd" in listener && typeof listener.fd === "number" ? listener.fd : undefined;
    const turns = fd === undefined ? undefined : tune(fd);
    return opened({ host: bound.host, port: listener.port }, listener, turns);
  }

  /** A connection that begins with its protocol. */
  #begin(connection: Socket<SocketData>, peer: HostPort, handler: TransportHandler): void {
    const transport = this.#wrap(connection, peer);
    connection.data.owner = transport;
    transport.attach(handler);
  }

  /** A connection that may begin with a proxy's header or TLS. */
  #open(
    connection: Socket<SocketData>,
    peer: HostPort,
    accept: (remote: HostPort) => TransportHandler | undefined,
    policy: ListenerPolicy,
    onIdentified: () => void,
  ): void {
    const pipeline = new AcceptPipeline(connection, peer, {
      clock: this.#clock,
      policy,
      turns: this.turns,
      handlers: this.#tlsHandlers,
      accept,
      wrap: (socket, remote) => this.#wrap(socket, remote),
      refuse: (bytes) => this.#refused.refuse(connection, policy.plain ? policy.refusal : undefined, bytes),
      onFault: this.onFault,
      onIdentified,
    });
    connection.data.owner = pipeline;
    pipeline.begin();
  }

  /** The transport of an open connection, accepted or dialled. */
  #wrap(socket: ByteSocket, remote: HostPort): TcpTransport {
    return new TcpTransport(socket, remote, this.#clock, this);
  }

  get #maxHeld(): number {
    return MAX_HELD_BYTES + this.#blocked.size * HELD_BYTES_EACH;
  }

  /** Closes the slow peers with the most queued bytes, until a tenth of the room is free again. */
  #relieve(): void {
    this.#relieving = false;
    const enough = this.#maxHeld * 0.9;
    const dearest = [...this.#blocked]
      .map((transport) => ({ transport, cost: this.#held.share(transport.queue) }))
      .sort((a, b) => b.cost - a.cost);
    for (const { transport } of dearest) {
      if (this.#held.bytes <= enough) return;
      transport.failSoon("too many bytes wait for peers that do not read, most of them for this one");
    }
  }

  #sweepLater(): void {
    this.#sweeping ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    this.#sweeping = undefined;
    const since = this.#clock.now() - STALL_MS;
    for (const transport of this.#blocked)
      if (transport.progressAt < since) transport.failSoon(`it has taken nothing for ${STALL_MS / 1000} s`);
    if (this.#blocked.size > 0) this.#sweepLater();
  }
}

function opened(
  address: ListenAddress,
  listener: { stop(closeActive: boolean): void },
  accepting: AcceptTurns | undefined,
): Listener {
  return {
    address,
    fd: accepting?.fd,
    stop() {
      accepting?.close();
      listener.stop(false);
    },
  };
}

/** The handlers of a connection, accepted or dialled. */
const connected = {
  // Not Buffer: its slice and subarray return another class, which slows code that sees both.
  binaryType: "uint8array" as const,
  data: (socket: Socket<SocketData>, bytes: Uint8Array) => socket.data.owner?.onData(bytes),
  drain: (socket: Socket<SocketData>) => socket.data.owner?.onDrain(),
  close: (socket: Socket<SocketData>, error?: Error) =>
    socket.data.owner?.onClose(error === undefined ? undefined : describeSocketError(error)),
};

/** Neither TLS nor a proxy's header stands before the protocol. */
const PLAIN: ListenerPolicy = {
  plain: true,
  certificates: undefined,
  proxies: undefined,
  notTls: () => ({ reason: "no TLS came" }),
  refused: () => undefined,
};

/** Whether a peer may name its client; other peers are reported. */
function admits({ refused }: ListenerPolicy, proxies: Proxies, peer: HostPort, waiting: number): boolean {
  const trusted = proxies.trusts(peer.host);
  if (trusted && proxies.hasRoom(waiting)) return true;
  const full = "max_connections is reached, counting those without their PROXY protocol header yet";
  refused(peer, trusted ? full : "its address is not in proxy_protocol.trusted, and only proxies connect to this port");
  return false;
}

const NO_IPV6 = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"]);

/** Binds, to IPv4 alone if "every address" was requested on a machine without IPv6; returns the host. */
function bind<T>(address: ListenAddress, to: (hostname: string) => T): { listener: T; host: string } {
  try {
    return { listener: to(address.host), host: address.host };
  } catch (error) {
    if (address.host === "::" && NO_IPV6.has(errorCode(error) ?? "")) return bind({ ...address, host: "0.0.0.0" }, to);
    throw cannotListen(address, error);
  }
}

const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "; is another server running? Stop it or change listen",
  EACCES: "; a port below 1024 needs CAP_NET_BIND_SERVICE, or a socket of systemd",
};

function cannotListen(address: ListenAddress, error: unknown): UserError {
  const where = formatHostPort(address);
  const why = describeSocketError(error);
  const advice = LISTEN_ADVICE[errorCode(error) ?? ""] ?? "";
  return new UserError(`cannot listen on ${where}: ${why}${advice}`, { cause: error });
}

/** Undefined, contrary to the runtime's types, when the peer reset the connection before it was accepted. */
function remoteOf(socket: Socket<SocketData>): HostPort | undefined {
  const address: string | undefined = socket.remoteAddress;
  return address === undefined ? undefined : { host: normaliseIp(address), port: socket.remotePort };
}
