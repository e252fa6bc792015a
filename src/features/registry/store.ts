import type { StreamRole } from "../../live/ports/nodes.ts";

/** How a node has a stream, as it tells others. */
export interface AnnouncedPlace {
  readonly role: StreamRole;
  /** Ids of the servers that the stream has passed before. */
  readonly hops: readonly string[];
}

/**
 * How a publisher asks for a stream: `reject`, only if no living node owns it; `replace`, in any case; `keep`, it had the stream in this
 * term, and has it on unless another node got it in a later one.
 */
export type Claim = "reject" | "replace" | { readonly kept: number };

/** What a node tells of one stream. */
export interface Announcement {
  readonly key: string;
  /** Undefined when the node has it no more. */
  readonly place: AnnouncedPlace | undefined;
  /** Undefined for a copy. */
  readonly claim: Claim | undefined;
  /** The copy that the node has if it does not get the stream. */
  readonly copy?: AnnouncedPlace | undefined;
}

/** Who owns a stream. The term rises each time that it changes hands. */
export interface Ownership {
  /** The node's id; "" for none. */
  readonly owner: string;
  readonly term: number;
}

/** What the registry has of a stream: entries of living nodes only. */
export interface Found extends Ownership {
  readonly places: ReadonlyMap<string, AnnouncedPlace>;
}

/** What the registry has of a node that renews its lease. */
export interface Renewed {
  /** False if the lease was over, and with it all that the node has told. */
  readonly wasKnown: boolean;
  /** Streams that are there as the node's. */
  readonly streams: number;
}

/** The nodes of the registry. */
export interface NodesRead {
  /** Entries up to this revision are known now; 0 for none. */
  readonly revision: number;
  /** Ids of those that renew their leases, and of those that don't any more. */
  readonly living: readonly string[];
  readonly dead: readonly string[];
  /** What nodes say of themselves, by their ids: of those whose words are new. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Where nodes write what they have. Each method is one step for all nodes; it rejects with a sentence, and within a time limit. */
export interface Store {
  /** Renews the lease of this node's entry; without a text, the entry stays as it is. */
  renew(id: string, text: string | undefined): Promise<Renewed>;
  /** Reads the nodes, and what is newer than a revision that was read before; 0: all. */
  nodes(since: number): Promise<NodesRead>;
  /** Tells of streams, in their order. */
  announce(id: string, streams: readonly Announcement[]): Promise<readonly Ownership[]>;
  /** The keys of all streams that a node has told. */
  announced(id: string): Promise<readonly string[]>;
  look(keys: readonly string[]): Promise<readonly Found[]>;
  /** Forgets some streams of a node whose lease is over; true if there are more. */
  sweep(id: string): Promise<boolean>;
  /** Ends this node's lease. */
  leave(id: string): Promise<void>;
}
