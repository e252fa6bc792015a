import { lookup } from "node:dns/promises";
import * as net from "node:net";
import type { Socket, SocketHandler } from "bun";
import type { HostPort } from "../../base/address.ts";
import { isPublicIp } from "../../base/address-scope.ts";
import type { Clock } from "../../base/clock.ts";
import type { Dial, DialTarget } from "../../base/transport.ts";
import { describeSocketError } from "../os/socket-errors.ts";
import { describeTlsError } from "../tls/tls-errors.ts";
import type { Trust } from "../tls/trust.ts";
import { FailedAddresses } from "./failed-addresses.ts";
import type { SocketData } from "./socket-data.ts";
import type { TcpTransport } from "./tcp-transport.ts";

/** What dialling needs of TCP. */
export interface DialOptions {
  readonly clock: Clock;
  /** Decides on servers' certificates. */
  readonly trust: Trust;
  /** The handlers of an open connection, and of one with TLS. */
  readonly handlers: SocketHandler<SocketData>;
  readonly tlsHandlers: SocketHandler<SocketData>;
  /** The addresses of a name. */
  resolve(host: string): Promise<readonly string[]>;
  /** `ip`: the address that has answered. */
  wrap(socket: Socket<SocketData>, remote: HostPort, ip: string): TcpTransport;
}

/** A dial under way. */
interface Attempt {
  /** Deadline for an answer from one of the name's addresses; monotonic ms. */
  readonly until: number;
  /** The dial has succeeded, failed or been aborted. */
  over: boolean;
  /** Stops the connect or the TLS handshake that is under way. */
  stop: ((error: Error) => void) | undefined;
}

/** An open connection and its address. */
interface Connected {
  readonly socket: Socket<SocketData>;
  readonly ip: string;
}

/** The addresses of a name, by the machine's resolver. */
export async function resolveHost(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Makes the `Dial` of a `Tcp`: tries the addresses of the name in turn, each with a share of the time left. Addresses that have just
 * failed come last.
 */
export function createDial(options: DialOptions): Dial {
  const failed = new FailedAddresses(options.clock);
  return (target, handler) => {
    const { host, port, timeoutMs } = target;
    const attempt: Attempt = { until: options.clock.now() + timeoutMs, over: false, stop: undefined };
    let transport: TcpTransport | undefined;
    const fail = (reason: string) => {
      if (attempt.over) return;
      attempt.over = true;
      timer.cancel();
      attempt.stop?.(new Error("stopped"));
      handler.onClose(reason);
    };
    const timer = options.clock.after(timeoutMs, () => fail(`no connection within ${timeoutMs / 1000} s`));
    const opened = ({ socket, ip }: Connected) => {
      attempt.over = true;
      timer.cancel();
      transport = options.wrap(socket, { host, port }, ip);
      socket.data.owner = transport;
      try {
        transport.attach(handler);
      } catch (error) {
        transport.fault(error);
      }
    };
    connectAny(options, failed, target, attempt)
      .then((connected) => {
        if (connected === undefined) return;
        if (attempt.over) connected.socket.terminate();
        else if (connected.socket.readyState <= 0) fail("closed as soon as it was open");
        else opened(connected);
      })
      .catch((error) => fail(describeSocketError(error)));
    return {
      abort: () => {
        if (transport === undefined) fail("stopped");
        else transport.abort();
      },
    };
  };
}

/** Connects to the first address of a name that answers in time; undefined when the dial is aborted. */
async function connectAny(
  options: DialOptions,
  failed: FailedAddresses,
  { host, port, tls, publicOnly }: DialTarget,
  attempt: Attempt,
): Promise<Connected | undefined> {
  const found = net.isIP(host) ? [host] : await options.resolve(host);
  const addresses = failed.ordered(publicOnly ? found.filter(isPublicIp) : found, port);
  if (addresses.length === 0)
    throw new Error(`${host} is at ${found.join(", ")}, where a server of the public internet must not redirect us`);
  for (let left = addresses.length; left > 0 && !attempt.over; left--) {
    const address = addresses[addresses.length - left] ?? "";
    // The last address has all the time left, at least two shares, and the dial's own timer ends it.
    const shareMs = (attempt.until - options.clock.now()) / (left + 1);
    const giveUp = () => attempt.stop?.(new Error("no answer in time"));
    const timer = left === 1 ? undefined : options.clock.after(shareMs, giveUp);
    try {
      const plain = await connectTo(options, address, port, attempt);
      const socket = tls ? await secure(options, plain, host, attempt) : plain;
      failed.delete(address, port);
      return { socket, ip: address };
    } catch (error) {
      if (left === 1) throw error;
      if (!attempt.over) failed.add(address, port);
    } finally {
      timer?.cancel();
    }
  }
  return undefined;
}

/**
 * Connects to one address. `Bun.connect` can't be cancelled: an address that does not answer would keep its descriptor for two
 * minutes, until the kernel gives up. node:net can be cancelled; once open, the runtime's socket is taken from it, and our
 * handlers replace its own.
 */
function connectTo(options: DialOptions, host: string, port: number, attempt: Attempt): Promise<Socket<SocketData>> {
  return new Promise((resolve, reject) => {
    const connecting = net.connect({ host, port });
    attempt.stop = (error) => connecting.destroy(error);
    const settled = () => {
      attempt.stop = undefined;
    };
    connecting.once("connect", () => {
      settled();
      const socket = "_handle" in connecting ? (connecting._handle as Socket<SocketData> | null) : null;
      if (!socket) {
        connecting.destroy();
        reject(new Error("closed as soon as it was open"));
        return;
      }
      socket.reload({ socket: options.handlers });
      socket.data = { owner: undefined };
      resolve(socket);
    });
    connecting.on("error", (error) => {
      settled();
      reject(error);
    });
    connecting.once("close", () => reject(new Error("stopped")));
  });
}

/** Arguments for upgrading a dialled socket that the runtime's types lack; node:tls uses them. */
interface ClientUpgrade {
  upgradeTLS(options: {
    readonly data: SocketData;
    readonly tls: {
      readonly secureContext: object;
      readonly serverName: string | undefined;
      /** `Trust` decides instead, and gives the reason. */
      readonly rejectUnauthorized: false;
      readonly requestCert: true;
    };
    readonly socket: SocketHandler<SocketData>;
  }): [raw: Socket<SocketData>, tls: Socket<SocketData>] | undefined;
}

/** Starts TLS on an open connection, and continues only if the server is the intended one. */
function secure(
  options: DialOptions,
  plain: Socket<SocketData>,
  host: string,
  attempt: Attempt,
): Promise<Socket<SocketData>> {
  return new Promise((resolve, reject) => {
    let socket = plain;
    const fail = (error: Error) => {
      attempt.stop = undefined;
      reject(error);
      socket.terminate();
    };
    attempt.stop = fail;
    const secured = (encrypted: Socket<SocketData>, ok: boolean, error: Error | null) => {
      const certificate = encrypted.getPeerCertificate() ?? {};
      // The runtime may fail a handshake for the name alone; we check the name ourselves.
      const shown = ok || "fingerprint256" in certificate;
      const problem = shown ? options.trust.problem(host, certificate, error) : handshakeProblem(error);
      if (problem !== undefined) {
        fail(new Error(problem));
        return;
      }
      attempt.stop = undefined;
      encrypted.data.owner = undefined;
      resolve(encrypted);
    };
    const closed = (reason: string | undefined) => fail(new Error(reason ?? "closed during the TLS handshake"));
    const waiting = { onData: () => undefined, onDrain: () => undefined, onClose: closed, fault: fail };
    const pair = (plain as unknown as ClientUpgrade).upgradeTLS({
      data: { owner: waiting, secured },
      tls: {
        secureContext: options.trust.context,
        serverName: net.isIP(host) ? undefined : host,
        rejectUnauthorized: false,
        requestCert: true,
      },
      socket: options.tlsHandlers,
    });
    if (pair === undefined) fail(new Error("closed as soon as it was open"));
    else socket = pair[1];
  });
}

function handshakeProblem(error: Error | null): string {
  const reason = describeTlsError(error);
  const doubtful = /does not speak TLS|closed the connection/.test(reason);
  return doubtful ? `${reason}; is this the server's port for rtmps://, or has it to be rtmp://?` : reason;
}
