import type { Clock } from "../base/clock.ts";

/** What waits is worked on for this long at a stretch; accepting, reading and sending go on between. */
const TURN_MS = 8;
/** What clients that are just coming may take of one turn of the event loop: the rest of them come in the next. */
const ARRIVALS_MS = 4;
/** When peers that leave all at once have held up a turn for so long, what others have to send goes between them. */
const DEPARTURES_MS = 8;
/** More input than this does not wait: it is worked on at once. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** A connection that has read more than it may work on at once. */
export interface Busy {
  /** It is of a client that is just coming. */
  readonly arriving: boolean;
  /** Works on one slice of it; false when nothing is left. */
  takeTurn(): boolean;
  /** Its owner has thrown this out of a turn: reports it, and closes this connection only. */
  fault(error: unknown): void;
}

/** Lets connections whose input is a lot of work go on in turns, so that they hold up each other and nobody else. */
export class InputTurns {
  readonly #clock: Clock;
  readonly #busy: Busy[] = [];
  readonly #arriving: Busy[] = [];
  /** Bytes that have been read and wait; kept by the connections. */
  waitingBytes = 0;
  #arrivalsMs = 0;
  /** When the first peer left in this turn, or others last had theirs between; undefined: none has left. */
  #departuresSince: number | undefined;
  /** Called in the middle of a turn that is held up. */
  heldUp: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether so many bytes more may wait. */
  hasRoom(bytes: number): boolean {
    return this.waitingBytes + bytes <= MAX_WAITING_BYTES;
  }

  /** Whether clients that are just coming have had their part of this turn of the event loop. */
  get arrivalsWait(): boolean {
    return this.#arrivalsMs >= ARRIVALS_MS;
  }

  /** Such a client took so many ms of it. */
  countArrival(ms: number): void {
    if (this.#arrivalsMs === 0 && ms > 0) this.#clock.soon(() => this.#nextTurn());
    this.#arrivalsMs += ms;
  }

  #nextTurn(): void {
    this.#arrivalsMs = 0;
  }

  /** A peer has left. The runtime reports all that have in one turn, thousands after each other. */
  countDeparture(): void {
    const now = this.#clock.now();
    if (this.#departuresSince === undefined) {
      this.#departuresSince = now;
      this.#clock.soon(() => {
        this.#departuresSince = undefined;
      });
    } else if (now - this.#departuresSince >= DEPARTURES_MS) {
      this.heldUp();
      this.#departuresSince = this.#clock.now();
    }
  }

  /** A connection has begun to wait. */
  add(connection: Busy): void {
    this.#enqueue(connection);
    if (this.#waiting === 1) this.#clock.soon(() => this.#run());
  }

  get #waiting(): number {
    return this.#busy.length + this.#arriving.length;
  }

  #enqueue(connection: Busy): void {
    (connection.arriving ? this.#arriving : this.#busy).push(connection);
  }

  #run(): void {
    const until = this.#clock.now() + TURN_MS;
    try {
      this.#serve(this.#busy, () => this.#clock.now() >= until);
      this.#serve(this.#arriving, () => this.arrivalsWait);
    } finally {
      // Whatever went wrong with one: the others are paused until their turn.
      if (this.#waiting > 0) this.#clock.soon(() => this.#run());
    }
  }

  /** Lets at least one go on, and others after it until it is `enough`. */
  #serve(queue: Busy[], enough: () => boolean): void {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (takeTurn(next)) this.#enqueue(next);
      if (enough()) return;
    }
  }
}

function takeTurn(connection: Busy): boolean {
  try {
    return connection.takeTurn();
  } catch (error) {
    connection.fault(error);
    return false;
  }
}
