import type { KnownNode } from "./nodes.ts";

/** Who asks where to watch or publish a stream. Texts are as they were sent; "" for those that were not. */
export interface DirectorQuestion {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
  readonly action: string;
  /** The only scheme of addresses that the client can use: `rtmp`, `https`. */
  readonly protocol: string;
  /** What the client is known by: it comes to the same node again. */
  readonly client: string;
  readonly zone: string;
}

/** One node in the answer. */
export interface DirectedNode {
  readonly node: KnownNode;
  /** Why it is left out; undefined when it is fit. */
  readonly reason: string | undefined;
  /** Of its capacity, the share that is in use, where 1 is all. */
  readonly use: number;
  /** Clients that were sent there and are not in its numbers yet. */
  readonly onTheWay: number;
}

/** Where to go, or a sentence that says why nowhere. */
export type DirectorAnswer = {
  /** The stream as in the log. */
  readonly stream: string;
  /** How the nodes stand for this client. */
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

/** What a playlist says of other servers. */
export interface Pathways {
  /** The id of the one that the playlist is from. */
  readonly own: string;
  readonly others: readonly Pathway[];
  /** What the stream's URLs at these need beside the client's own parameters. */
  readonly params: string;
  /** Where to ask which to use. */
  readonly steering: string;
}
