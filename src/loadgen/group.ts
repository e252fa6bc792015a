import { Histogram } from "./histogram.ts";
import { ReasonCounts } from "./reason-counts.ts";

/** The connections of one kind, and their outcomes. */
export class Group {
  /** How many there are to be. */
  readonly asked: number;
  /** On their way. */
  connecting = 0;
  /** Admitted by the server, now. */
  running = 0;
  /** Admitted by the server, ever. */
  admitted = 0;
  failed = 0;
  /** Sockets that are not closed yet. */
  open = 0;
  /** Begun, whatever became of them. */
  tried = 0;
  /** No more are begun. */
  gaveUp = false;
  /** Bytes received, of all. */
  received = 0;
  /** When the bytes being read were received; monotonic ms. */
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
