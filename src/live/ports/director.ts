import type { KnownNode } from "./nodes.ts";

/** A client's question where to watch or publish a stream. Texts are as they were sent; "" for missing ones. */
export interface DirectorQuestion {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
  readonly action: string;
  /** The only scheme of addresses that the client can use: `rtmp`, `https`. */
  readonly protocol: string;
  /** Identifies the client, so that it gets the same node again. */
  readonly client: string;
  readonly zone: string;
}

/** One node in the answer. */
export interface DirectedNode {
  readonly node: KnownNode;
  /** Why it is left out; undefined when it is fit. */
  readonly reason: string | undefined;
  /** Share of its capacity that is in use; 1 is all of it. */
  readonly use: number;
  /** Clients that were sent to it and are not in its numbers yet. */
  readonly onTheWay: number;
}

/** The node to use, or the reason why there is none. */
export type DirectorAnswer = {
  /** The stream as in the log. */
  readonly stream: string;
  /** All nodes, as they are for this client. */
  nodes(): readonly DirectedNode[];
} & (
  | {
      readonly ok: true;
      /** The node's id. */
      readonly id: string;
      /** Whole URLs of the stream there. */
      readonly urls: readonly string[];
    }
  | { readonly ok: false; readonly kind: "input" | "vhost" | "stream" | "node"; readonly reason: string }
);

/** One of the servers that have the same HLS of a stream. */
export interface Pathway {
  /** PATHWAY-ID. */
  readonly id: string;
  /** A server's URL without a path. */
  readonly server: string;
}

/** What a playlist says about other servers. */
export interface Pathways {
  /** The id of the server of this playlist. */
  readonly own: string;
  readonly others: readonly Pathway[];
  /** Parameters that the stream's URLs on these servers need in addition to the client's own. */
  readonly params: string;
  /** The address of the steering manifest, which says which server to use. */
  readonly steering: string;
}
