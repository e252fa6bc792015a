/** Where a command writes, whole lines at a time. */
export interface Output {
  /** What was asked for. */
  out(text: string): void;
  /** What went wrong. */
  err(text: string): void;
  /** On a terminal: replaces the line shown before; `""` removes it. */
  readonly status?: ((text: string) => void) | undefined;
}
