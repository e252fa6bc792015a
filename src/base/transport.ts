import type { HostPort } from "./address.ts";

/** One byte stream to a peer, TCP today. It never copies what it is given: buffers stay as they are until sent. */
export interface Transport {
  /** Who is at the other end: the address of who connected (IPv4-mapped as IPv4), or the host as it was dialled. */
  readonly remote: HostPort;
  /** The IP address at the other end; `""` where there is none. */
  readonly ip: string;
  /** Bytes that the kernel has taken so far. */
  readonly bytesSent: number;
  /** Bytes kept here because the kernel has not taken them yet. */
  readonly bytesQueued: number;
  /** Bytes that the kernel has taken and the peer's machine has not; 0 where that is not known. Each look asks the kernel. */
  readonly bytesUnacknowledged: number;
  /**
   * Sends all of `bytes`, in order; short ones that answer one read leave together at its end. False: the kernel took less; the
   * rest is kept by reference, and `onDrain` tells when it is gone. A caller with much to send waits for that; small control
   * messages may go on being queued.
   */
  send(bytes: Uint8Array): boolean;
  /** While `on`, what the peer sends may be read up to 400 ms late, so that one read brings more. What waits is read at once when it ends. */
  mergeReads(on: boolean): void;
  /** Whether what the peer has sent may wait to be read, as reads are merged. */
  readonly readPaused: boolean;
  /** The owner keeps more or less of its input than when `onData` returned last: `heldBytes` is asked again. */
  inputChanged(): void;
  /** Sends what is queued, then closes; bounded in time. Nothing more is read. */
  close(): void;
  /** Closes at once by a reset, which nobody repeats when the network loses it; what is queued is lost. */
  abort(): void;
  /**
   * Closes at once; what is queued is lost. The kernel still sends what it has taken and the end of the connection behind it,
   * and repeats both until the peer's machine has them.
   */
  abandon(): void;
}

/** What a transport tells its owner. `onClose` comes exactly once, last; `reason` is undefined for a normal end. */
export interface TransportHandler {
  /** False for a client that does not publish: it may keep little of its input, and once it has hung up, what it said last is dropped. */
  readonly publishes?: boolean;
  /** What the owner keeps of the input that it was given, bytes: unfinished messages, and what waits for a decision. */
  readonly heldBytes?: number;
  onOpen(transport: Transport): void;
  /** The buffer belongs to the receiver. */
  onData(bytes: Uint8Array): void;
  onDrain(): void;
  /** The peer has hung up, at this moment. `onClose` follows in its turn, behind what a publisher said last. */
  onHangUp?(): void;
  /** The connection is closed for what its input takes of the memory; `onClose` follows. */
  onCut?(reason: string): void;
  onClose(reason: string | undefined): void;
}

/** Where to open a transport to. */
export interface DialTarget extends HostPort {
  /** Whether TLS is spoken there; the server has to prove that it is `host`. */
  readonly tls: boolean;
  readonly timeoutMs: number;
  /** Only addresses of the public internet will do, whatever the name leads to: another server has named this place. */
  readonly publicOnly?: boolean | undefined;
}

/** Opens a transport to an address; names are looked up on each call. A failure or the timeout ends in `onClose`. */
export type Dial = (target: DialTarget, handler: TransportHandler) => { abort(): void };

/** Connections between processes of this machine and user, by the path of a socket. */
export interface LocalNet {
  /** Each connection goes to the handler that `accept` gives. Throws UserError when the path can't be had. */
  listen(path: string, accept: () => TransportHandler): { stop(): void };
  /** A failure ends in `onClose`. */
  dial(path: string, handler: TransportHandler): void;
}
