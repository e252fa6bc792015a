import { printable } from "../base/printable.ts";
import { Histogram } from "./histogram.ts";

/** Different reasons that are counted separately; servers' own texts could be endless. */
const MAX_REASONS = 20;

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
  readonly reasons = new Map<string, number>();
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
  count(told: string): void {
    // A server's text on one line, whatever it contains.
    const reason = printable(told);
    this.failed++;
    const key = this.reasons.has(reason) || this.reasons.size < MAX_REASONS ? reason : "other reasons";
    this.reasons.set(key, (this.reasons.get(key) ?? 0) + 1);
  }
}
