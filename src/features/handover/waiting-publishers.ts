import type { Clock } from "../../base/clock.ts";
import type { AccessRequest, ConnectAccess } from "../../live/ports/access.ts";

/**
 * An encoder that reconnects may come here before the other process has noticed that it left: a publisher waits at least this long (ms)
 * for that.
 */
const LEAVE_MS = 1000;
/** A publisher waits this long (ms) for the other process to say whether its publisher is alive. */
const ANSWER_MS = 20_000;

/** A publisher that wants a stream of the other process. */
interface Waiting {
  /** The other process's publisher is alive. */
  alive(): void;
  /** The other process publishes the stream no more, or the publisher here has left. */
  end(): void;
}

/** Publishers that want streams which the other process publishes, by the streams' keys. */
export class WaitingPublishers {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<Waiting>>();
  readonly #byRequest = new WeakMap<AccessRequest | ConnectAccess, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits until the other process's publisher has left, or has had the time to. `isAsked`: the other process was asked whether it is
   * alive, and its answer is waited for, too.
   */
  wait(request: AccessRequest, key: string, isAsked: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const here = this.#waiting.get(key) ?? new Set<Waiting>();
    this.#waiting.set(key, here);
    let [isAnswered, hadTime] = [!isAsked, false];
    const waiting: Waiting = {
      alive: () => {
        isAnswered = true;
        if (hadTime) waiting.end();
      },
      end: () => {
        leaving.cancel();
        limit.cancel();
        here.delete(waiting);
        if (here.size === 0 && this.#waiting.get(key) === here) this.#waiting.delete(key);
        resolve();
      },
    };
    const leaving = this.#clock.after(LEAVE_MS, () => {
      hadTime = true;
      if (isAnswered) waiting.end();
    });
    const limit = this.#clock.after(ANSWER_MS, () => waiting.end());
    here.add(waiting);
    this.#byRequest.set(request, waiting);
    return promise;
  }

  /** The other process says that its publisher is alive. */
  alive(key: string): void {
    for (const waiting of this.#of(key)) waiting.alive();
  }

  /** The other process publishes the stream no more. */
  left(key: string): void {
    for (const waiting of this.#of(key)) waiting.end();
  }

  /** The client that wanted to publish has left, or is refused. */
  withdrawn(request: AccessRequest | ConnectAccess): void {
    this.#byRequest.get(request)?.end();
  }

  #of(key: string): readonly Waiting[] {
    return [...(this.#waiting.get(key) ?? [])];
  }
}
