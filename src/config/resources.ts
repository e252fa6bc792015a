import type { RedisServer } from "../base/redis.ts";
import type { Path } from "./show.ts";

/** A server that a value names. */
export interface PeerResource {
  readonly kind: "peer";
  /** Whether streams are sent there or fetched from there; `none`: it is only called. */
  readonly flow: "to" | "from" | "none";
  readonly protocol: "rtmp" | "rtmps" | "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Undefined when it depends on the stream. */
  readonly app: string | undefined;
  /** Whether the peer receives the name of the vhost. */
  readonly hasVhost: boolean;
  /** The address with its secrets masked. */
  readonly text: string;
}

/** An address that the server listens on because of a value; `::` is every address. */
export interface ListenerResource {
  readonly kind: "listener";
  readonly protocol: "rtmp" | "rtmps" | "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** A file or a folder that a value names. */
export interface FileResource {
  readonly kind: "file";
  readonly path: string;
  /** How the server uses the file; `make`: it creates missing folders, too; `folder`: it reads the files of a folder. */
  readonly use: "read" | "write" | "make" | "folder";
}

/** A server of the registry that a value names. */
export interface RegistryResource {
  readonly kind: "registry";
  readonly server: RedisServer;
  /** The address with its secrets masked. */
  readonly text: string;
}

/** Something outside the process that a value names; `srs check --probe` examines it. */
export type Resource = PeerResource | ListenerResource | FileResource | RegistryResource;

/** A resource, and the key that names it. */
export interface Named<O extends Resource = Resource> {
  readonly path: Path;
  /** The path of the list's item, if the key is a list; else `path`. */
  readonly item: Path;
  readonly resource: O;
}
