import { ProtocolError } from "../../base/errors.ts";
import { type InitTracks, readInitSegment } from "../../media/mp4/init-reader.ts";
import { decrypted, KEY_BYTES, vectorOf } from "./decryption.ts";
import { type FileSink, SmallFile } from "./download.ts";
import type { FileStore } from "./file-store.ts";
import type { Piece } from "./pieces.ts";
import { readSegment, type SegmentFacts, unreadSegment } from "./segment-facts.ts";

/** The tracks of an init segment, or why it can't be read. */
export type ReadInit = InitTracks | string;

/** A file that must be fetched before a piece can be read. */
export interface Needed {
  readonly what: "init segment" | "key";
  readonly uri: string;
  readonly sink: FileSink;
  /** Takes the complete file of `bytes` bytes. Returns why it can't be used, undefined if it can. */
  take(bytes: number): string | undefined;
}

/** Reads the pieces of one player, with the init segment and the key that the playlist names for each. */
export class PieceReader {
  readonly #inits: FileStore<ReadInit>;
  #init: { readonly uri: string; readonly tracks: InitTracks } | undefined;
  #key: { readonly uri: string; readonly bytes: Uint8Array } | undefined;

  constructor(inits: FileStore<ReadInit>) {
    this.#inits = inits;
  }

  /** The next file that a piece needs; undefined if it can be read. `urlOf` makes a reference absolute. */
  needed({ map, key }: Piece, urlOf: (uri: string) => string): Needed | undefined {
    if (map !== undefined && map !== this.#init?.uri) return this.#neededInit(map, urlOf(map));
    if (key !== undefined && key.uri !== this.#key?.uri) return this.#neededKey(key.uri);
    return undefined;
  }

  /** Reads a piece for which `needed` returns undefined. */
  read({ map, key, sequence }: Piece, bytes: Uint8Array): SegmentFacts {
    try {
      const plain =
        key === undefined || this.#key === undefined
          ? bytes
          : decrypted(bytes, this.#key.bytes, vectorOf(key.iv, sequence));
      return readSegment(plain, map === undefined ? undefined : this.#init?.tracks);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return unreadSegment(error.message);
    }
  }

  #neededInit(uri: string, url: string): Needed {
    const file = this.#inits.get(url);
    const take = (bytes: number): string | undefined => {
      const tracks = file.content(bytes, readInit) ?? "another player received other bytes of it";
      if (typeof tracks === "string") return tracks;
      this.#init = { uri, tracks };
      return undefined;
    };
    return { what: "init segment", uri, sink: file, take };
  }

  #neededKey(uri: string): Needed {
    const file = new SmallFile(KEY_BYTES);
    const take = (bytes: number): string | undefined => {
      if (bytes !== KEY_BYTES) return `a key has ${KEY_BYTES} bytes, not ${bytes}`;
      this.#key = { uri, bytes: file.bytes };
      return undefined;
    };
    return { what: "key", uri, sink: file, take };
  }
}

function readInit(bytes: Uint8Array): ReadInit {
  try {
    return readInitSegment(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.message;
  }
}
