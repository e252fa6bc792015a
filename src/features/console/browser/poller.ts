/** What a poller asks, when, and who receives the answers. */
export interface PollerOptions<T> {
  /** Wait after an answer, ms. */
  nextMs(answer: T): number;
  /** Wait after an error, ms. */
  againMs(error: unknown): number;
  /** Whether the page is hidden: nothing is asked then. */
  isHidden(): boolean;
  ask(): Promise<T>;
  onAnswer(answer: T): void;
  onError(error: unknown): void;
  /** Calls `run` once after `ms`; returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void;
}

/** Asks repeatedly, with one question at a time. */
export class Poller<T> {
  readonly #options: PollerOptions<T>;
  #callOff: () => void = () => undefined;
  #isOver = false;
  #isAsking = false;
  #isAskedAgain = false;

  constructor(options: PollerOptions<T>) {
    this.#options = options;
  }

  /** Starts asking, or asks at once. If a question is in progress, its answer may be outdated, so another one follows it. */
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

  /** Ends the polling; no more answers are reported. */
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
