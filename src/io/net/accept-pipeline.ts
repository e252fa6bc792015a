import type { Socket, SocketHandler } from "bun";
import type { HostPort } from "../../base/address.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { ProtocolError } from "../../base/errors.ts";
import { joined } from "../../base/memory.ts";
import type { TransportHandler } from "../../base/transport.ts";
import { readClientHello, TLS_HANDSHAKE } from "../../preamble/client-hello.ts";
import { readProxyHeader } from "../../preamble/proxy-header.ts";
import type { Certificates } from "../tls/certificates.ts";
import { describeTlsError } from "../tls/tls-errors.ts";
import type { Busy, InputScheduler } from "./input-scheduler.ts";
import type { Refusal } from "./refused-connections.ts";
import type { SocketData, SocketOwner } from "./socket-data.ts";
import type { ByteSocket, TcpTransport } from "./tcp-transport.ts";

/** Time limit for a proxy's header, which the proxy sends in the first packet of a connection. */
const HEADER_TIMEOUT_MS = 5000;

/** The proxies in front of a listener. */
export interface Proxies {
  /** Whether this peer may name the client for which it connects. */
  trusts(host: string): boolean;
  /** Whether another connection may wait for its header, in addition to those that wait. */
  hasRoom(waiting: number): boolean;
}

/** The treatment of a connection without TLS where TLS is required. */
export interface NotTls {
  readonly reason: string;
  /** The last bytes sent to it, in its own protocol. */
  readonly answer?: Uint8Array;
}

/** What a listener accepts. */
export interface ListenerPolicy {
  /** The protocol without TLS. */
  readonly plain: boolean;
  /** For TLS; undefined: no TLS. With `plain` as well, a connection's first byte decides. */
  readonly certificates: Certificates | undefined;
  /** Each connection begins with a header from one of these proxies, which names the client. */
  readonly proxies: Proxies | undefined;
  /** Where `plain` is false: the treatment of a connection by its first bytes, which are not those of TLS. */
  notTls(bytes: Uint8Array): NotTls;
  /** The answer to a connection without TLS that gets no owner, in its own protocol; undefined: it is closed at once. */
  readonly refusal?: Refusal | undefined;
  /** A connection is closed because of the bytes before its protocol, or because they did not come. */
  refused(peer: HostPort, reason: string): void;
}

/** What an accept pipeline needs from `Tcp`. */
export interface AcceptPipelineOptions {
  readonly clock: Clock;
  readonly policy: ListenerPolicy;
  readonly turns: InputScheduler;
  /** The handlers of a TLS connection. */
  readonly handlers: SocketHandler<SocketData>;
  accept(remote: HostPort): TransportHandler | undefined;
  wrap(socket: ByteSocket, remote: HostPort): TcpTransport;
  /** `accept` gave no owner; `bytes` are read already. */
  refuse(bytes: Uint8Array): void;
  onFault(error: Error): void;
  /** The connection no longer waits for a proxy's header. */
  onIdentified(): void;
}

/** Arguments for upgrading an accepted socket that the runtime's types lack; node:tls uses them. */
interface ServerUpgrade {
  upgradeTLS(options: {
    readonly data: SocketData;
    readonly tls: { readonly secureContext: object };
    readonly isServer: true;
    /** The part of the handshake that the client has sent. */
    readonly initialData: Uint8Array;
    readonly socket: SocketHandler<SocketData>;
  }): [raw: Socket<SocketData>, tls: Socket<SocketData>] | undefined;
}

/** Limit on the bytes before the TLS handshake begins; a client that sends more is refused. */
const MAX_EARLY_BYTES = 64 * 1024;

/*
 * header ──read──> hello ──0x16, whole──> turn ──its turn──> handshake ──done──> the transport has the TLS socket
 *                    └──anything else──> the transport has the plain socket
 */
/**
 * An accepted connection with something before its protocol: a proxy's header, TLS. Its owner gets a transport as soon as the
 * client is known. What the owner sends waits until the connection is ready, so the owner's timeouts cover this phase.
 */
export class AcceptPipeline implements SocketOwner, ByteSocket, Busy {
  readonly #options: AcceptPipelineOptions;
  readonly #plain: Socket<SocketData>;
  readonly #peer: HostPort;
  readonly #waiting: Timer | undefined;
  #socket: Socket<SocketData>;
  #state: "header" | "hello" | "turn" | "handshake" | "over" = "header";
  /** The TLS options, once the ClientHello is complete. */
  #secureContext: object | undefined;
  /** Bytes received and not processed yet. */
  #bytes: Uint8Array = new Uint8Array(0);
  #transport: TcpTransport | undefined;

  constructor(socket: Socket<SocketData>, peer: HostPort, options: AcceptPipelineOptions) {
    this.#options = options;
    this.#plain = socket;
    this.#socket = socket;
    this.#peer = peer;
    if (options.policy.proxies === undefined) return;
    this.#waiting = options.clock.after(HEADER_TIMEOUT_MS, () =>
      this.#refuse(`no PROXY protocol header within ${HEADER_TIMEOUT_MS / 1000} s`),
    );
  }

  /** Asks for an owner at once, unless a proxy has to name the client first. */
  begin(): void {
    if (this.#options.policy.proxies === undefined) this.#identified(this.#peer);
  }

  onData(bytes: Uint8Array): void {
    if (this.#state === "over") return;
    this.#bytes = this.#bytes.length === 0 ? bytes : joined(this.#bytes, bytes);
    if (this.#state === "header") this.#readHeader();
    else if (this.#state === "hello") this.#readHello();
    else if (this.#bytes.length > MAX_EARLY_BYTES) this.#tooEarly();
  }

  onDrain(): void {
    // Queued bytes wait for the handshake, not for the socket.
  }

  onClose(reason: string | undefined): void {
    if (this.#state === "header") this.#leaveHeader();
    this.#state = "over";
    this.#transport?.onClose(reason);
  }

  fault(error: unknown): void {
    this.#state = "over";
    if (this.#transport !== undefined) this.#transport.fault(error);
    else {
      this.#options.onFault(error instanceof Error ? error : new Error(String(error)));
      this.#socket.terminate();
    }
  }

  /** Accepts nothing, like a socket that is not open. */
  write(): number {
    return -1;
  }

  shutdown(): void {
    this.#socket.shutdown();
  }

  end(): void {
    this.#socket.end();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #readHeader(): void {
    try {
      const header = readProxyHeader(this.#bytes);
      if (header === undefined) return;
      this.#bytes = this.#bytes.subarray(header.length);
      this.#leaveHeader();
      this.#identified(header.source ?? this.#peer);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error.message);
    }
  }

  #leaveHeader(): void {
    this.#waiting?.cancel();
    this.#options.onIdentified();
  }

  #refuse(reason: string): void {
    this.#leaveHeader();
    this.#state = "over";
    this.#options.policy.refused(this.#peer, reason);
    this.#plain.terminate();
  }

  #identified(remote: HostPort): void {
    const { accept, wrap, refuse } = this.#options;
    const handler = accept(remote);
    if (handler === undefined) {
      this.#state = "over";
      refuse(this.#bytes);
      return;
    }
    this.#state = "hello";
    this.#transport = wrap(this, remote);
    this.#transport.attach(handler);
    this.#readHello();
  }

  #readHello(): void {
    const transport = this.#transport;
    const first = this.#bytes[0];
    if (transport === undefined || first === undefined) return;
    const { plain, certificates } = this.#options.policy;
    if (certificates !== undefined && first === TLS_HANDSHAKE) {
      this.#chooseCertificate(transport, certificates);
    } else if (plain) {
      const bytes = this.#bytes;
      this.#continuePlain(transport);
      transport.onData(bytes);
    } else {
      this.#turnAway(transport, this.#options.policy.notTls(this.#bytes));
    }
  }

  #turnAway(transport: TcpTransport, { reason, answer }: NotTls): void {
    if (answer === undefined) {
      this.#fail(transport, reason);
      return;
    }
    this.#options.policy.refused(transport.remote, reason);
    this.#continuePlain(transport);
    transport.send(answer);
    transport.close();
  }

  #fail(transport: TcpTransport, reason: string): void {
    this.#state = "over";
    this.#options.policy.refused(transport.remote, reason);
    transport.fail(reason);
  }

  #continuePlain(transport: TcpTransport): void {
    this.#state = "over";
    this.#plain.data.owner = transport;
    transport.useSocket(this.#plain);
  }

  #tooEarly(): void {
    if (this.#transport === undefined) return;
    this.#fail(this.#transport, `sends more than ${MAX_EARLY_BYTES} bytes and does not wait for the TLS handshake`);
  }

  #chooseCertificate(transport: TcpTransport, certificates: Certificates): void {
    try {
      const hello = readClientHello(this.#bytes);
      if (hello === undefined) return;
      this.#secureContext = certificates.select(hello.serverName);
      if (this.#secureContext === undefined) throw new ProtocolError("no certificate for TLS is configured");
      this.#state = "turn";
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(transport, error.message);
      return;
    }
    const { turns } = this.#options;
    if (turns.newClientsWait) turns.add(this);
    else this.runSlice();
  }

  readonly isNew = true;

  /** Begins the TLS handshake: a signature takes about a millisecond, and thousands may begin at once. */
  runSlice(): boolean {
    const transport = this.#transport;
    if (this.#state !== "turn" || transport === undefined) return false;
    const { clock, turns } = this.#options;
    const began = clock.now();
    this.#startTls(transport, this.#secureContext ?? {});
    turns.countNewClient(clock.now() - began);
    return false;
  }

  #startTls(transport: TcpTransport, secureContext: object): void {
    this.#state = "handshake";
    // The runtime continues the socket as another object; this one still reports the encrypted bytes that it reads.
    this.#plain.data.owner = undefined;
    const upgrading = this.#plain as unknown as ServerUpgrade;
    const pair = upgrading.upgradeTLS({
      data: { owner: this, secured: (socket, ok, error) => this.#secured(socket, ok, error) },
      tls: { secureContext },
      isServer: true,
      initialData: this.#bytes,
      socket: this.#options.handlers,
    });
    this.#bytes = new Uint8Array(0);
    if (pair === undefined) this.#fail(transport, "closed before the TLS handshake");
    else this.#socket = pair[1];
  }

  /** The handshake has ended. */
  #secured(socket: Socket<SocketData>, ok: boolean, error: Error | null): void {
    if (this.#state !== "handshake") return;
    this.#state = "over";
    if (ok) {
      socket.data.owner = this.#transport;
      this.#transport?.useSocket(socket, true);
      return;
    }
    // Ended, not terminated: the alert with the reason is still on its way.
    const reason = describeTlsError(error);
    this.#options.policy.refused(this.#transport?.remote ?? this.#peer, reason);
    this.#transport?.onClose(reason);
    socket.end();
  }
}
