/** Maximum size of a piece, bytes. */
export const MAX_CARRY_PIECE = 256 * 1024;

/** The old process's end of a transfer. */
export interface CarryGiving {
  /** The next piece, of 1 to `MAX_CARRY_PIECE` bytes, which the caller keeps; undefined while there is none. */
  next(): Uint8Array | undefined;
  /** The new process takes no more. */
  close(): void;
}

/**
 * Carries a feature's memory from the old process of an upgrade to the new one, while both run, in pieces, as it may be much. The
 * feature defines the content of a piece, which other versions must understand.
 */
export interface Carry {
  /**
   * In the old process: gives all that the feature has, then what is added. `ready` is called when there are pieces again after
   * `next` had none.
   */
  give(ready: () => void): CarryGiving;
  /** In the new process: takes the next piece of the old one. Throws SyntaxError if it can't be read. */
  take(piece: Uint8Array): void;
  /** In the old process: whether the new one needs nothing more of what is added here, so that this process may end. */
  readonly complete: boolean;
}
