import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Socket, SocketHandler } from "bun";
import { formatHostPort } from "../base/address.ts";
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
  wrap(socket: Socket<Slot>, remote: string): TcpTransport;
}

/** Makes the `Dial` of a `Tcp`: each address of the name in turn, each with its share of the time that is left. */
export function createDial(options: DialOptions): Dial {
  return ({ host, port, timeoutMs }, handler) => {
    let over = false;
    let transport: TcpTransport | undefined;
    const fail = (reason: string) => {
      if (over) return;
      over = true;
      timer.cancel();
      handler.onClose(reason);
    };
    const timer = options.clock.after(timeoutMs, () => fail(`no connection within ${timeoutMs / 1000} s`));
    const opened = (socket: Socket<Slot>) => {
      over = true;
      timer.cancel();
      transport = options.wrap(socket, formatHostPort({ host, port }));
      socket.data.transport = transport;
      transport.attach(handler);
    };
    const until = options.clock.now() + timeoutMs;
    connectAny(options, host, port, until, () => over)
      .then((socket) => {
        if (socket === undefined) return;
        if (over) socket.terminate();
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

/** Connects to the first address of a name that answers, within the time until `until`; undefined when it is no longer wanted. */
async function connectAny(
  options: DialOptions,
  host: string,
  port: number,
  until: number,
  over: () => boolean,
): Promise<Socket<Slot> | undefined> {
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address);
  for (let left = addresses.length; left > 0 && !over(); left--) {
    const hostname = addresses[addresses.length - left] ?? "";
    const shareMs = left === 1 ? Number.POSITIVE_INFINITY : (until - options.clock.now()) / left;
    try {
      return await connectTo(options, hostname, port, shareMs);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
  return undefined;
}

/** Connects to one address within its share of the time; a connection that opens later is closed. */
async function connectTo(options: DialOptions, hostname: string, port: number, ms: number): Promise<Socket<Slot>> {
  const connecting = Bun.connect<Slot>({ hostname, port, data: { transport: undefined }, socket: options.handlers });
  if (ms === Number.POSITIVE_INFINITY) return connecting;
  let late = false;
  connecting.then((socket) => late && socket.terminate()).catch(() => undefined);
  return new Promise((resolve, reject) => {
    const timer = options.clock.after(ms, () => {
      late = true;
      reject(new Error("no answer in time"));
    });
    connecting.then(resolve, reject).finally(() => timer.cancel());
  });
}
