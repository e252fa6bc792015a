/** Taken items are removed once there are this many and they are at least half of the array. */
const CLEAR_AT = 1024;

/** First in, first out, also for thousands of items: `shift` of an array moves all others each time. */
export class TurnQueue<T> {
  #items: T[] = [];
  #taken = 0;

  /** How many wait. */
  get length(): number {
    return this.#items.length - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first item; undefined when there is none. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#taken++];
    if (this.#taken === this.#items.length) {
      this.#items = [];
      this.#taken = 0;
    } else if (this.#taken >= CLEAR_AT && this.#taken >= this.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }
}
