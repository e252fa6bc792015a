import { lookup } from "node:dns/promises";
import * as net from "node:net";
import type { Socket, SocketHandler } from "bun";
import type { HostPort } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Dial } from "../base/transport.ts";
import { describeSocketError } from "./socket-errors.ts";
import type { TcpTransport } from "./tcp-transport.ts";

/** What a socket carries: the transport that its events go to. */
export type Slot = { transport: TcpTransport | undefined };

/** What dialling needs of TCP. */
export interface DialOptions {
  readonly clock: Clock;
  /** The handlers of an open connection. */
  readonly handlers: SocketHandler<Slot>;
  wrap(socket: Socket<Slot>, remote: HostPort): TcpTransport;
}

/** A dial under way. */
interface Attempt {
  /** Until when one of the name's addresses has to answer; monotonic ms. */
  readonly until: number;
  /** Nobody wants the connection any more. */
  over: boolean;
  /** What is connecting now. */
  connecting: net.Socket | undefined;
}

/** Makes the `Dial` of a `Tcp`: each address of the name in turn, each with its share of the time that is left. */
export function createDial(options: DialOptions): Dial {
  return ({ host, port, timeoutMs }, handler) => {
    const attempt: Attempt = { until: options.clock.now() + timeoutMs, over: false, connecting: undefined };
    let transport: TcpTransport | undefined;
    const fail = (reason: string) => {
      if (attempt.over) return;
      attempt.over = true;
      timer.cancel();
      attempt.connecting?.destroy();
      handler.onClose(reason);
    };
    const timer = options.clock.after(timeoutMs, () => fail(`no connection within ${timeoutMs / 1000} s`));
    const opened = (socket: Socket<Slot>) => {
      attempt.over = true;
      timer.cancel();
      transport = options.wrap(socket, { host, port });
      socket.data.transport = transport;
      try {
        transport.attach(handler);
      } catch (error) {
        transport.fault(error);
      }
    };
    connectAny(options, host, port, attempt)
      .then((socket) => {
        if (socket === undefined) return;
        if (attempt.over) socket.terminate();
        else if (socket.readyState <= 0) fail("closed as soon as it was open");
        else opened(socket);
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

/** Connects to the first address of a name that answers in time; undefined when it is no longer wanted. */
async function connectAny(
  options: DialOptions,
  host: string,
  port: number,
  attempt: Attempt,
): Promise<Socket<Slot> | undefined> {
  const addresses = net.isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address);
  for (let left = addresses.length; left > 0 && !attempt.over; left--) {
    const address = addresses[addresses.length - left] ?? "";
    // The last one has all that is left, and the dial's own timer ends it.
    const shareMs = (attempt.until - options.clock.now()) / left;
    const giveUp = () => attempt.connecting?.destroy(new Error("no answer in time"));
    const timer = left === 1 ? undefined : options.clock.after(shareMs, giveUp);
    try {
      return await connectTo(options, address, port, attempt);
    } catch (error) {
      if (left === 1) throw error;
    } finally {
      timer?.cancel();
    }
  }
  return undefined;
}

/**
 * Connects to one address. `Bun.connect` gives nothing to stop it with: an address that does not answer would keep its
 * descriptor until the kernel gives up, after two minutes. node:net can stop; once open, its socket of this runtime is
 * taken from it, with our handlers for its own.
 */
function connectTo(options: DialOptions, host: string, port: number, attempt: Attempt): Promise<Socket<Slot>> {
  return new Promise((resolve, reject) => {
    const connecting = net.connect({ host, port });
    attempt.connecting = connecting;
    const settled = () => {
      attempt.connecting = undefined;
    };
    connecting.once("connect", () => {
      settled();
      const socket = "_handle" in connecting ? (connecting._handle as Socket<Slot> | null) : null;
      if (!socket) {
        connecting.destroy();
        reject(new Error("closed as soon as it was open"));
        return;
      }
      socket.reload({ socket: options.handlers });
      socket.data = { transport: undefined };
      resolve(socket);
    });
    connecting.on("error", (error) => {
      settled();
      reject(error);
    });
    connecting.once("close", () => reject(new Error("stopped")));
  });
}
