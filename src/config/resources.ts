import type { Path } from "./show.ts";

/** A server that a value names. */
export interface PeerResource {
  readonly kind: "peer";
  /** Whether streams go there or come from there. */
  readonly flow: "to" | "from";
  readonly protocol: "rtmp" | "rtmps" | "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Undefined when it depends on the stream. */
  readonly app: string | undefined;
  /** Whether it is told the name of the vhost. */
  readonly hasVhost: boolean;
  /** As others may see it. */
  readonly text: string;
}

/** An address that a value has the server listen on; `::` is every address. */
export interface OutsideListener {
  readonly kind: "listener";
  readonly protocol: "rtmp" | "rtmps" | "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** A file that a value names. */
export interface OutsideFile {
  readonly kind: "file";
  readonly path: string;
  /** What the server does with it; `make`: folders on the way, too. */
  readonly use: "read" | "write" | "make";
}

/** Something outside of the process that a value names: what `srs check --probe` looks at. */
export type Resource = PeerResource | OutsideListener | OutsideFile;

/** Something outside, and the key that names it. */
export interface Named<O extends Resource = Resource> {
  readonly path: Path;
  /** The same for its item, where the key is a list. */
  readonly item: Path;
  readonly resource: O;
}
