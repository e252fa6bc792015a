/** The parameters of a viewer's request that an origin may need. `""` means not given. */
export interface Demand {
  /** The viewer's parameters, `""` or `"?a=b"`. */
  readonly param: string;
  /** Ids of the servers that ask on the viewer's behalf, first one first; none of them may be asked for the stream. */
  readonly hops: readonly string[];
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
}
