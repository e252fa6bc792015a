import { FFIType } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { libc } from "../os/libc.ts";

/** Time for accepting in one turn of the event loop; further connections are accepted in the next. */
const ACCEPT_MS = 8;
/** At least this many are accepted in a turn, however slow the machine is: else a storm of connects would keep new clients out. */
const MIN_ACCEPTED = 64;
const O_CLOEXEC = 0o2000000;

const signatures = { dup3: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 } } as const;
/** Loaded at the first use: commands that don't listen need no libc. */
let functions: { symbols: ReturnType<typeof libc<typeof signatures>> } | undefined;

/**
 * Ends accepting for this turn once it has taken its time. The runtime accepts until the backlog is empty, which never happens
 * under a storm of connects, and offers no way to stop. So /dev/null takes the descriptor's place until the end of the turn,
 * and the next accept fails. A second descriptor keeps the listening socket and its backlog open.
 */
export class AcceptTurns {
  readonly #clock: Clock;
  readonly #fd: number;
  /** /dev/null, and the second descriptor of the listening socket; undefined if accepting can't be paused. */
  readonly #spare: { readonly nothing: number; readonly listening: number } | undefined;
  #began: number | undefined;
  #accepted = 0;
  #refused = 0;
  #paused = false;
  #closed = false;

  constructor(fd: number, clock: Clock) {
    this.#fd = fd;
    this.#clock = clock;
    functions ??= { symbols: libc(signatures) };
    if (functions.symbols === undefined) return;
    const [nothing, listening] = [openSync("/dev/null", "r"), openSync("/dev/null", "r")];
    this.#spare = { nothing, listening };
    functions.symbols.dup3(fd, listening, O_CLOEXEC);
  }

  /** A descriptor that always refers to the listening socket. */
  get fd(): number {
    return this.#spare?.listening ?? this.#fd;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** A connection was accepted and processed. */
  count(): void {
    const now = this.#clock.now();
    this.#accepted++;
    if (this.#began === undefined) {
      this.#began = now;
      this.#accepted = 1;
      this.#refused = 0;
      this.#clock.soon(() => {
        this.#began = undefined;
        this.#resume();
      });
    } else if (this.#accepted >= MIN_ACCEPTED && now - this.#began >= ACCEPT_MS) this.#pause();
  }

  /** Called before the runtime closes its descriptor, whose number may then be reused. */
  close(): void {
    if (this.#closed) return;
    this.#resume();
    this.#closed = true;
    if (this.#spare === undefined) return;
    closeSync(this.#spare.nothing);
    closeSync(this.#spare.listening);
  }

  /**
   * A connection was refused. Clients accepted before it in this turn may have hung up already, which is noticed only in the
   * next turn: the backlog waits until then.
   */
  countRefused(): void {
    this.#refused++;
    if (this.#accepted > this.#refused) this.#pause();
  }

  #pause(): void {
    if (this.#paused || this.#closed || this.#spare === undefined) return;
    this.#paused = true;
    functions?.symbols?.dup3(this.#spare.nothing, this.#fd, O_CLOEXEC);
  }

  #resume(): void {
    if (!this.#paused || this.#spare === undefined) return;
    this.#paused = false;
    functions?.symbols?.dup3(this.#spare.listening, this.#fd, O_CLOEXEC);
  }
}
