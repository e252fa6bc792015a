import type { Clock } from "../../base/clock.ts";
import { TurnQueue } from "./turn-queue.ts";

/** Time for waiting input in one turn of the event loop; accepting, reading and sending continue between turns. */
const TURN_MS = 8;
/** Time in one turn for new clients: the remaining ones are served in the next. */
const NEW_CLIENTS_MS = 4;
/** Time in one turn for ending the activities of connections whose peers have hung up. */
const CLOSING_MS = 4;

/** Time in one turn for sending what waits for peers that have room again. */
const SENDING_MS = 8;

/** A connection with work that waits for a turn. */
export interface Busy {
  /** Its client is new: it has sent little so far. */
  readonly isNew: boolean;
  /** Runs one slice; false when no work is left. */
  runSlice(): boolean;
  /** The owner has thrown this during a turn: reports it, and closes this connection only. */
  fault(error: unknown): void;
}

/** A connection whose peer has hung up. */
export interface Closing {
  /** Ends the connection's activities: streams, log lines. */
  endActivities(): void;
  /** The owner has thrown this in `endActivities`. */
  fault(error: unknown): void;
}

/** A connection whose peer has room again. */
export interface Sending {
  /** Sends what waits for it. */
  sendWaiting(): void;
  /** The owner has thrown this in `sendWaiting`. */
  fault(error: unknown): void;
}

/**
 * Shares the event loop among connections. Input that takes long is processed in slices. Clients that connect or leave all at
 * once are spread over as many turns as necessary, so that they delay only each other.
 */
export class InputScheduler {
  readonly #clock: Clock;
  readonly #busy = new TurnQueue<Busy>();
  readonly #newClients = new TurnQueue<Busy>();
  readonly #closing = new TurnQueue<Closing>();
  readonly #sending = new TurnQueue<Sending>();
  /** Time that new and leaving clients have taken in this turn. */
  #newClientsMs = 0;
  #closingMs = 0;
  #sendingMs = 0;
  #counting = false;
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether new clients have used up their time in this turn. */
  get newClientsWait(): boolean {
    return this.#newClientsMs >= NEW_CLIENTS_MS;
  }

  /** A new client took this many ms of the turn. */
  countNewClient(ms: number): void {
    this.#newClientsMs += ms;
    if (ms > 0) this.#countTurn();
  }

  /** Queues a connection for a turn. */
  add(connection: Busy): void {
    this.#enqueue(connection);
    this.#schedule();
  }

  /** A peer has hung up, as thousands may in one turn: its activities end now, or in a later turn. */
  endActivities(connection: Closing): void {
    if (this.#closing.length === 0 && this.#closingMs < CLOSING_MS) this.#end(connection);
    else {
      this.#closing.push(connection);
      this.#schedule();
    }
  }

  /**
   * A peer has room again: sends what waits for it now or in a later turn, as thousands may have room in one turn. The owner calls this
   * once each time that the peer has room.
   */
  sendWaiting(connection: Sending): void {
    if (this.#sending.length === 0 && this.#sendingMs < SENDING_MS) this.#send(connection);
    else {
      this.#sending.push(connection);
      this.#schedule();
    }
  }

  #send(connection: Sending): void {
    const began = this.#clock.now();
    try {
      connection.sendWaiting();
    } catch (error) {
      connection.fault(error);
    }
    const ms = this.#clock.now() - began;
    this.#sendingMs += ms;
    if (ms > 0) this.#countTurn();
  }

  #enqueue(connection: Busy): void {
    (connection.isNew ? this.#newClients : this.#busy).push(connection);
  }

  #end(connection: Closing): void {
    const began = this.#clock.now();
    try {
      connection.endActivities();
    } catch (error) {
      connection.fault(error);
    }
    const ms = this.#clock.now() - began;
    this.#closingMs += ms;
    if (ms > 0) this.#countTurn();
  }

  /** Clears the counts in the next turn. */
  #countTurn(): void {
    if (this.#counting) return;
    this.#counting = true;
    this.#clock.soon(() => {
      this.#counting = false;
      this.#newClientsMs = 0;
      this.#closingMs = 0;
      this.#sendingMs = 0;
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const until = this.#clock.now() + TURN_MS;
    try {
      this.#serve(this.#busy, () => this.#clock.now() >= until);
      // Before new clients: old activities end before new ones begin.
      while (this.#closing.length > 0 && this.#closingMs < CLOSING_MS) {
        const next = this.#closing.shift();
        if (next !== undefined) this.#end(next);
      }
      this.#serve(this.#newClients, () => this.newClientsWait);
      while (this.#sending.length > 0 && this.#sendingMs < SENDING_MS) {
        const next = this.#sending.shift();
        if (next !== undefined) this.#send(next);
      }
    } finally {
      // After a failure of one, the others still wait for their turn.
      const left = this.#busy.length + this.#newClients.length + this.#closing.length + this.#sending.length;
      if (left > 0) this.#schedule();
    }
  }

  /** Runs a slice of at least one connection, and of others until `enough`. */
  #serve(queue: TurnQueue<Busy>, enough: () => boolean): void {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (runSlice(next)) this.#enqueue(next);
      if (enough()) return;
    }
  }
}

function runSlice(connection: Busy): boolean {
  try {
    return connection.runSlice();
  } catch (error) {
    connection.fault(error);
    return false;
  }
}
