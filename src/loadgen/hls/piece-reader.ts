import { ProtocolError } from "../../base/errors.ts";
import { type InitTracks, readInitSegment } from "../../media/mp4/init-reader.ts";
import { decrypted, KEY_BYTES, vectorOf } from "./decryption.ts";
import { type FileSink, SmallFile } from "./download.ts";
import type { FileStore } from "./file-store.ts";
import type { KeyRing } from "./key-ring.ts";
import type { ListedKey } from "./media-playlist.ts";
import type { Piece } from "./pieces.ts";
import { readSegment, type SegmentFacts, unreadSegment } from "./segment-facts.ts";

/** The tracks of an init segment, or why it can't be read. */
export type ReadInit = InitTracks | string;

/** A file that must be fetched before a piece can be read. */
export interface Needed {
  readonly what: "init segment" | "key";
  readonly url: URL;
  /** Its name in the store of files. */
  readonly name: string;
  readonly sink: FileSink;
  /** Takes the complete file of `bytes` bytes. Returns why it can't be used, undefined if it can. */
  take(bytes: number): string | undefined;
}

/** A URI of a playlist: the URL that this viewer requests, and the name by which viewers share files. */
export interface Address {
  readonly url: URL;
  readonly name: string;
}

/** Reads the pieces of one track, with the init segment and the key that the playlist names for each. */
export class PieceReader {
  readonly #inits: FileStore<ReadInit>;
  readonly #ring: KeyRing;
  readonly #addressOf: (uri: string) => Address;
  #init: { readonly name: string; readonly tracks: InitTracks } | undefined;
  /** The newest key and init segment address; most pieces have the same as the piece before. */
  #key: { readonly uri: string; readonly bytes: Uint8Array } | undefined;
  #map: { readonly uri: string; readonly address: Address } | undefined;

  /** `addressOf` throws ProtocolError for a URI that is no address. */
  constructor(inits: FileStore<ReadInit>, ring: KeyRing, addressOf: (uri: string) => Address) {
    this.#inits = inits;
    this.#ring = ring;
    this.#addressOf = addressOf;
  }

  /** The playlist has another address, to which URIs are relative. */
  moved(): void {
    this.#key = undefined;
    this.#map = undefined;
  }

  /** The next file that a piece needs; undefined if it can be read. Throws ProtocolError. */
  needed({ map, mapKey, key }: Piece): Needed | undefined {
    if (map !== undefined) {
      if (this.#map?.uri !== map) this.#map = { uri: map, address: this.#addressOf(map) };
      const { address } = this.#map;
      if (address.name !== this.#init?.name) return this.#neededKey(mapKey) ?? this.#neededInit(address, mapKey);
    }
    return this.#neededKey(key);
  }

  /** Reads a piece for which `needed` returns undefined. */
  read({ map, key, sequence }: Piece, bytes: Uint8Array): SegmentFacts {
    try {
      const plain = key === undefined ? bytes : decrypted(bytes, this.#bytesOf(key), vectorOf(key.iv, sequence));
      return readSegment(plain, map === undefined ? undefined : this.#init?.tracks);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return unreadSegment(error.message);
    }
  }

  #neededInit({ url, name }: Address, key: ListedKey | undefined): Needed {
    const file = this.#inits.get(name);
    const take = (length: number): string | undefined => {
      const read = (bytes: Uint8Array): ReadInit => this.#readInit(bytes, key);
      const tracks = file.content(length, read) ?? "another player received other bytes of it";
      if (typeof tracks === "string") return tracks;
      this.#init = { name, tracks };
      return undefined;
    };
    return { what: "init segment", url, name, sink: file, take };
  }

  #readInit(bytes: Uint8Array, key: ListedKey | undefined): ReadInit {
    try {
      // FFmpeg lists a key before init segments that it writes in the clear.
      if (key === undefined || isMp4(bytes)) return readInitSegment(bytes);
      if (key.iv === undefined) return "it is encrypted, and its EXT-X-KEY has no IV";
      return readInitSegment(decrypted(bytes, this.#bytesOf(key), vectorOf(key.iv, 0)));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return error.message;
    }
  }

  #neededKey(key: ListedKey | undefined): Needed | undefined {
    if (key === undefined || key.uri === this.#key?.uri) return undefined;
    const { url, name } = this.#addressOf(key.uri);
    const bytes = this.#ring.get(url.href);
    if (bytes !== undefined) {
      this.#key = { uri: key.uri, bytes };
      return undefined;
    }
    const file = new SmallFile(KEY_BYTES);
    const take = (length: number): string | undefined => {
      const isKey = length === KEY_BYTES;
      this.#ring.ended(url.href, isKey ? file.bytes : undefined);
      return isKey ? undefined : `a key has ${KEY_BYTES} bytes, not ${length}`;
    };
    return { what: "key", url, name, sink: file, take };
  }

  #bytesOf({ uri }: ListedKey): Uint8Array {
    if (this.#key?.uri !== uri) throw new ProtocolError("the key of a piece has been replaced too early");
    return this.#key.bytes;
  }
}

/** Whether a file begins as MP4 does: with a box of type "ftyp". */
function isMp4(bytes: Uint8Array): boolean {
  return bytes[4] === 0x66 && bytes[5] === 0x74 && bytes[6] === 0x79 && bytes[7] === 0x70;
}
