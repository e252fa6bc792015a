import type { Clock } from "../../base/clock.ts";
import { TurnQueue } from "./turn-queue.ts";

/** Input that waits is worked on for this long in one turn of the event loop; accepting, reading and sending go on between. */
const TURN_MS = 8;
/** Clients that are just coming get this long of one turn: the rest of them come in the next. */
const ARRIVALS_MS = 4;
/** Connections whose peers have hung up get this long of one turn to end what they did. */
const DEPARTURES_MS = 4;

/** A connection with work that waits for a turn. */
export interface Busy {
  /** It is of a client that is just coming. */
  readonly arriving: boolean;
  /** Works on one slice of it; false when nothing is left. */
  runSlice(): boolean;
  /** Its owner has thrown this out of a turn: reports it, and closes this connection only. */
  fault(error: unknown): void;
}

/** A connection whose peer has hung up. */
export interface Departing {
  /** Ends what it did here: streams, log lines. */
  depart(): void;
  /** Its owner has thrown this out of `depart`. */
  fault(error: unknown): void;
}

/**
 * Shares the event loop among connections: input that is a lot of work goes on in slices, and what clients cost who come or
 * leave all at once is spread over as many turns as it takes. So they hold up each other and nobody else.
 */
export class InputScheduler {
  readonly #clock: Clock;
  readonly #busy = new TurnQueue<Busy>();
  readonly #arriving = new TurnQueue<Busy>();
  readonly #departing = new TurnQueue<Departing>();
  /** What arrivals and departures have taken of the turn under way. */
  #arrivalsMs = 0;
  #departuresMs = 0;
  #counting = false;
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether clients that are just coming have had their part of this turn of the event loop. */
  get arrivalsWait(): boolean {
    return this.#arrivalsMs >= ARRIVALS_MS;
  }

  /** Such a client took so many ms of it. */
  countArrival(ms: number): void {
    this.#arrivalsMs += ms;
    if (ms > 0) this.#countTurn();
  }

  /** A connection has begun to wait. */
  add(connection: Busy): void {
    this.#enqueue(connection);
    this.#schedule();
  }

  /** A peer has hung up, as thousands may in one turn: its connection departs now, or in its turn. */
  depart(connection: Departing): void {
    if (this.#departing.length === 0 && this.#departuresMs < DEPARTURES_MS) this.#letDepart(connection);
    else {
      this.#departing.push(connection);
      this.#schedule();
    }
  }

  #enqueue(connection: Busy): void {
    (connection.arriving ? this.#arriving : this.#busy).push(connection);
  }

  #letDepart(connection: Departing): void {
    const began = this.#clock.now();
    try {
      connection.depart();
    } catch (error) {
      connection.fault(error);
    }
    const ms = this.#clock.now() - began;
    this.#departuresMs += ms;
    if (ms > 0) this.#countTurn();
  }

  /** What has been counted holds until the next turn. */
  #countTurn(): void {
    if (this.#counting) return;
    this.#counting = true;
    this.#clock.soon(() => {
      this.#counting = false;
      this.#arrivalsMs = 0;
      this.#departuresMs = 0;
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
      // Before those who come: what they did is to be ended before more is begun.
      while (this.#departing.length > 0 && this.#departuresMs < DEPARTURES_MS) {
        const next = this.#departing.shift();
        if (next !== undefined) this.#letDepart(next);
      }
      this.#serve(this.#arriving, () => this.arrivalsWait);
    } finally {
      // Whatever went wrong with one: the others wait for their turn.
      if (this.#busy.length + this.#arriving.length + this.#departing.length > 0) this.#schedule();
    }
  }

  /** Lets at least one go on, and others after it until it is `enough`. */
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
