/** Streams that this server makes of one source, among which players choose by bandwidth. Their names differ in their endings. */
export interface Ladder {
  /** The beginning of all their names; a stream of this name need not be published. */
  readonly base: string;
  /** The endings of their names, at least two: "_hd", "_sd", "". */
  readonly endings: readonly string[];
}
