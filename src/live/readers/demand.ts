/** With what a viewer asked for a stream, as far as a server that it is fetched from has to know. Empty texts: not given. */
export interface Demand {
  /** The viewer's parameters, `""` or `"?a=b"`. */
  readonly param: string;
  /** Ids of the servers that ask on the viewer's behalf, the first one first; the stream must not be asked for at one of them. */
  readonly hops: readonly string[];
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
}
