/** Streams that this server makes of one source beside each other, so that players may choose: their names differ by their endings. */
export interface Ladder {
  /** What their names begin with; a stream of this name need not be published. */
  readonly base: string;
  /** What follows in their names, two at least: "_hd", "_sd", or nothing. */
  readonly endings: readonly string[];
}
