/** A change that is ready: all that could fail about it has been done, and it has no effect yet. One of the two is called, once. */
export interface Change {
  /** Takes effect. */
  apply(): void;
  /** Will not take effect: gives back what was got for it. */
  discard(): void;
}
