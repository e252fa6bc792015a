/** What a poller asks, and whom it tells. */
export interface PollerOptions<T> {
  /** From an answer to the next question, ms. */
  nextMs(answer: T): number;
  /** The same from an error, ms. */
  againMs(error: unknown): number;
  /** Nobody sees the page: nothing is asked. */
  isHidden(): boolean;
  ask(): Promise<T>;
  onAnswer(answer: T): void;
  onError(error: unknown): void;
  /** Calls once, later; returns how to call it off. */
  after(ms: number, run: () => void): () => void;
}

/** Asks something again and again, one question at a time. */
export class Poller<T> {
  readonly #options: PollerOptions<T>;
  #callOff: () => void = () => undefined;
  #isOver = false;
  #isAsking = false;
  #isAskedAgain = false;

  constructor(options: PollerOptions<T>) {
    this.#options = options;
  }

  /** Asks now, or after the answer to a question that is under way, which may know nothing of what was done since; and from now on. */
  ask(): void {
    if (this.#isOver || this.#options.isHidden()) return;
    if (this.#isAsking) {
      this.#isAskedAgain = true;
      return;
    }
    this.#callOff();
    this.#isAsking = true;
    this.#options.ask().then(
      (answer) => {
        const nextMs = this.#isAskedAgain ? 0 : this.#options.nextMs(answer);
        this.#end(nextMs, () => this.#options.onAnswer(answer));
      },
      (error: unknown) => this.#end(this.#options.againMs(error), () => this.#options.onError(error)),
    );
  }

  /** Nothing is asked or told any more. */
  stop(): void {
    this.#isOver = true;
    this.#callOff();
  }

  #end(nextMs: number, tell: () => void): void {
    this.#isAsking = false;
    this.#isAskedAgain = false;
    if (this.#isOver) return;
    this.#callOff = this.#options.after(nextMs, () => this.ask());
    tell();
  }
}
