import type { Socket, SocketHandler } from "bun";
import type { HostPort } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import type { LocalNet, TransportHandler } from "../../base/transport.ts";
import { describeSocketError } from "../os/socket-errors.ts";
import type { SocketData } from "./socket-data.ts";
import type { TcpTransport } from "./tcp-transport.ts";

/** What local connections need of `Tcp`. */
interface LocalOptions {
  /** The handlers of an open connection. */
  readonly handlers: SocketHandler<SocketData>;
  wrap(socket: Socket<SocketData>, remote: HostPort): TcpTransport;
}

const LOCAL_PEER: HostPort = { host: "this machine", port: 0 };
const ONLY_THIS_USER = 0o077;

/** Makes the `LocalNet` of a `Tcp`: unix sockets that carry the same transports. */
export function createLocal({ handlers, wrap }: LocalOptions): LocalNet {
  const open = (socket: Socket<SocketData>, handler: TransportHandler) => {
    const transport = wrap(socket, LOCAL_PEER);
    socket.data = { owner: transport };
    transport.attach(handler);
  };
  return {
    listen(path, accept) {
      const mask = process.umask(ONLY_THIS_USER);
      try {
        const socket = { ...handlers, open: (connection: Socket<SocketData>) => open(connection, accept()) };
        const listener = Bun.listen<SocketData>({ unix: path, socket });
        return { stop: () => listener.stop(false) };
      } catch (error) {
        throw new UserError(`cannot listen on ${path}: ${describeSocketError(error)}`, { cause: error });
      } finally {
        process.umask(mask);
      }
    },
    dial(path, handler) {
      const socket = { ...handlers, open: (connection: Socket<SocketData>) => open(connection, handler) };
      Bun.connect<SocketData>({ unix: path, socket, data: { owner: undefined } }).catch((error) =>
        handler.onClose(describeSocketError(error)),
      );
    },
  };
}
