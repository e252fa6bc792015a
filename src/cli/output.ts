/** The outputs of a command; each text is whole lines. */
export interface Output {
  /** Writes results. */
  out(text: string): void;
  /** Writes errors and warnings. */
  err(text: string): void;
  /** On a terminal: replaces the line shown before; `""` removes it. */
  readonly status?: ((text: string) => void) | undefined;
}
