import type { Socket } from "bun";

/** Who hears what happens to a socket. */
export interface SocketOwner {
  onData(bytes: Uint8Array): void;
  onDrain(): void;
  onClose(reason: string | undefined): void;
  /** Something of the owner's has thrown this: reports it, and closes this connection only. */
  fault(error: unknown): void;
}

/** What a socket carries. */
export interface SocketData {
  owner: SocketOwner | undefined;
  /** Told of the end of the TLS handshake, which may have failed. */
  readonly secured?: (socket: Socket<SocketData>, ok: boolean, error: Error | null) => void;
}
