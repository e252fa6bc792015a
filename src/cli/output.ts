/** Where a command writes, whole lines at a time. */
export interface Output {
  /** What was asked for. */
  out(text: string): void;
  /** What went wrong. */
  err(text: string): void;
  /** On a terminal: shows a line in the place of the one it showed before; `""` takes it away. */
  readonly status?: ((text: string) => void) | undefined;
}
