import { Histogram } from "./histogram.ts";
import { ReasonCounts } from "./reason-counts.ts";

/** The connections of one kind, and their outcomes. */
export class Group {
  /** The number of connections to start. */
  readonly asked: number;
  /** Started, but neither admitted nor failed yet. */
  connecting = 0;
  /** Admitted by the server and still connected. */
  running = 0;
  /** Admitted by the server, ever. */
  admitted = 0;
  failed = 0;
  /** Sockets that are not closed yet. */
  open = 0;
  /** Started so far, whatever their outcome. */
  tried = 0;
  /** Whether no more connections are started. */
  gaveUp = false;
  /** Bytes received by all connections. */
  received = 0;
  /** When the bytes that are being processed were received; monotonic ms. */
  arrivedMs = 0;
  /** How often each reason ended a connection. */
  readonly reasons = new ReasonCounts();
  /** From the first packet to the server's acceptance, µs. */
  readonly admission = new Histogram();

  constructor(asked: number) {
    this.asked = asked;
  }

  /** Whether each connection has been admitted or has failed. */
  get settled(): boolean {
    return (this.tried === this.asked || this.gaveUp) && this.connecting === 0;
  }

  /** Counts a failure. */
  count(reason: string): void {
    this.failed++;
    this.reasons.add(reason);
  }
}
