import { FFIType } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { libc } from "../os/libc.ts";

/** Accepting gets this long of one turn of the event loop; who waits longer is accepted in the next. */
const ACCEPT_MS = 8;
/** But so many are accepted in a turn, however slow the machine: else a storm would keep newcomers out. */
const MIN_ACCEPTED = 64;
const O_CLOEXEC = 0o2000000;

const signatures = { dup3: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 } } as const;
/** Looked up when it is first needed: commands that don't listen need not wait for it. */
let functions: { symbols: ReturnType<typeof libc<typeof signatures>> } | undefined;

/**
 * Ends accepting for a turn that it has taken enough of. The runtime accepts until nobody waits, which in a storm of
 * connections is never, and offers nothing to stop it with: so its descriptor stands for /dev/null until the turn is over,
 * where the next accept fails. The listening socket lives on, with those who wait, in a second descriptor.
 */
export class AcceptTurns {
  readonly #clock: Clock;
  readonly #fd: number;
  /** /dev/null, and the second descriptor of the listening socket; undefined where there is no pausing. */
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

  /** A descriptor that always is the listening socket's. */
  get fd(): number {
    return this.#spare?.listening ?? this.#fd;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** A connection has been accepted and seen to. */
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

  /** Before the runtime closes its descriptor: from then on its number may be another's. */
  close(): void {
    if (this.#closed) return;
    this.#resume();
    this.#closed = true;
    if (this.#spare === undefined) return;
    closeSync(this.#spare.nothing);
    closeSync(this.#spare.listening);
  }

  /**
   * A connection was refused. Those let in before it in this turn may have hung up already, which is only seen in the next: who still
   * waits is accepted after that.
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
