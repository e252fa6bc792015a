import type { HostPort } from "./address.ts";

/** One byte stream to a peer; today TCP. It never copies what it sends: callers must not change a buffer until it is sent. */
export interface Transport {
  /** The peer: the address that connected (IPv4-mapped as IPv4), or the host as it was dialled. */
  readonly remote: HostPort;
  /** The peer's IP address; `""` when it has none. */
  readonly ip: string;
  /** Whether the connection has TLS; known once the peer has sent a byte. */
  readonly secure: boolean;
  /** Bytes that the kernel has accepted so far. */
  readonly bytesSent: number;
  /** Bytes queued here because the kernel has not accepted them yet. */
  readonly bytesQueued: number;
  /** Bytes that the kernel has accepted and the peer's machine has not acknowledged; 0 if unknown. Each read asks the kernel. */
  readonly bytesUnacknowledged: number;
  /**
   * Sends all of `bytes`, in order; short answers to one read leave together at its end. False: the kernel accepted only part;
   * the rest is kept by reference, and `onDrain` reports when it is sent. A caller with much to send waits for that; small
   * control messages may still be queued.
   */
  send(bytes: Uint8Array): boolean;
  /**
   * Whether the peer's input may be read up to 400 ms late, so that one read brings more; by default it is read as it comes. The end
   * of this reads what waits at once.
   */
  mergeReads(merge: boolean): void;
  /** Whether the peer's input is left unread now, because reads are merged. */
  readonly readPaused: boolean;
  /** Reads the owner's `heldBytes` again, as it has changed since `onData` returned last. */
  inputChanged(): void;
  /** Sends what is queued, then closes, within a time limit. Reads nothing more. */
  close(): void;
  /** Closes at once with a reset, which is not repeated when the network loses it; queued bytes are lost. */
  abort(): void;
  /**
   * Closes at once; queued bytes are lost. The kernel still sends the bytes that it has accepted, then the end of the
   * connection, and repeats both until the peer's machine acknowledges them.
   */
  abandon(): void;
}

/** Callbacks of a transport's owner. `onClose` is called exactly once, as the last one; `reason` is undefined for a normal end. */
export interface TransportHandler {
  /** False for a client that does not publish: it may hold little input, and its unread input is dropped when it hangs up. */
  readonly publishes?: boolean;
  /** Bytes of its input that the owner still holds: unfinished messages, and messages that wait for a decision. */
  readonly heldBytes?: number;
  onOpen(transport: Transport): void;
  /** The buffer belongs to the receiver. */
  onData(bytes: Uint8Array): void;
  onDrain(): void;
  /**
   * The peer has ended its side and may still read. True: the owner still has data to send, and closes the connection soon;
   * otherwise the connection is closed, as if the peer had hung up.
   */
  onPeerEnd?(): boolean;
  /** The peer has just hung up. `onClose` follows later, after a publisher's last input. */
  onHangUp?(): void;
  /** The connection is closed because its input takes too much memory; `onClose` follows. */
  onCut?(reason: string): void;
  onClose(reason: string | undefined): void;
}

/** The address that a transport is opened to. */
export interface DialTarget extends HostPort {
  /** Whether to speak TLS; the server must then prove that it is `host`. */
  readonly tls: boolean;
  readonly timeoutMs: number;
  /** Dials only public addresses, whatever the name resolves to: set when another server has named this target. */
  readonly publicOnly?: boolean | undefined;
}

/** Opens a transport to an address; names are resolved on each call. A failure or the timeout is reported by `onClose`. */
export type Dial = (target: DialTarget, handler: TransportHandler) => { abort(): void };

/** Connections between processes of one user on this machine, by the path of a socket. */
export interface LocalNet {
  /** `accept` returns the handler of each connection. Throws UserError when the path can't be used. */
  listen(path: string, accept: () => TransportHandler): { stop(): void };
  /** A failure is reported by `onClose`. */
  dial(path: string, handler: TransportHandler): void;
}
