/** A prepared change: everything that can fail is done, and nothing has taken effect. The owner calls `apply` or `discard`, once. */
export interface Change {
  /** Takes effect. */
  apply(): void;
  /** Cancels the change and releases what it has acquired. */
  discard(): void;
}
