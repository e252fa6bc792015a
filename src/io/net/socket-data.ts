import type { Socket } from "bun";

/** Receives the events of a socket. */
export interface SocketOwner {
  onData(bytes: Uint8Array): void;
  onDrain(): void;
  /** The peer has ended its side. True: the owner closes the socket; otherwise it is closed now. */
  onPeerEnd?(): boolean;
  onClose(reason: string | undefined): void;
  /** An owner's handler has thrown this: reports it, and closes this connection only. */
  fault(error: unknown): void;
}

/** The data of a socket, `socket.data`. */
export interface SocketData {
  owner: SocketOwner | undefined;
  /** The TLS handshake has ended, possibly with a failure. */
  readonly secured?: (socket: Socket<SocketData>, ok: boolean, error: Error | null) => void;
}
