import type { StreamRole } from "../../live/ports/nodes.ts";

/** How a node has a stream, as it announces it to the others. */
export interface AnnouncedPlace {
  readonly role: StreamRole;
  /** Ids of the servers that the stream has passed before. */
  readonly hops: readonly string[];
}

/**
 * How a node claims a stream for its publisher: `reject`, only if no living node owns it; `replace`, in any case; `kept`, the node had the
 * stream in this term, and keeps it unless another node got it in a later one, or has it in the same one with a lease.
 */
export type Claim = "reject" | "replace" | { readonly kept: number };

/** One stream as its node announces it. */
export interface Announcement {
  readonly key: string;
  /** Undefined if the node no longer has the stream. */
  readonly place: AnnouncedPlace | undefined;
  /** Undefined for a copy. */
  readonly claim: Claim | undefined;
  /** The copy that the node still has if its claim is lost. */
  readonly copy?: AnnouncedPlace | undefined;
}

/** A stream's owner. The term rises with each change of owner. */
export interface Ownership {
  /** The node's id; "" for none. */
  readonly owner: string;
  readonly term: number;
}

/** What the registry has of a stream: entries of living nodes only. */
export interface Found extends Ownership {
  readonly places: ReadonlyMap<string, AnnouncedPlace>;
}

/** The registry's answer to a node that renews its lease. */
export interface Renewed {
  /** False if the lease was over: the node's streams may be gone with it. */
  readonly wasKnown: boolean;
  /** Number of streams that the registry has for the node. */
  readonly streams: number;
}

/** The nodes of the registry. */
export interface NodesRead {
  /** Entries up to this revision are known now; 0 for none. */
  readonly revision: number;
  /** Ids of nodes that renew their leases, and of nodes that no longer do. */
  readonly living: readonly string[];
  readonly dead: readonly string[];
  /** Entries that are newer than the caller's revision, by the node's id. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Where nodes write their entries and streams. Each method is one step for all nodes, and rejects with a sentence, within a time limit. */
export interface Store {
  /** Renews the lease of this node's entry; without a text, the entry stays as it is. */
  renew(id: string, text: string | undefined): Promise<Renewed>;
  /** Reads the nodes, with the entries that are newer than `since`, a revision that was read before; 0: all entries. */
  nodes(since: number): Promise<NodesRead>;
  /** Announces streams; the answer has their owners, in the same order. */
  announce(id: string, streams: readonly Announcement[]): Promise<readonly Ownership[]>;
  /** Keys of the streams that a node has announced. */
  announced(id: string): Promise<readonly string[]>;
  look(keys: readonly string[]): Promise<readonly Found[]>;
  /** Deletes some streams of a node whose lease is over; true if it has more. */
  sweep(id: string): Promise<boolean>;
  /** Ends this node's lease. */
  leave(id: string): Promise<void>;
}
