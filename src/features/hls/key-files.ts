import type { HlsStream } from "./hls-stream.ts";
import { keyPath } from "./key-config.ts";
import { withoutSlash } from "./playlists.ts";
import type { SegmentKey } from "./segment.ts";
import { keyBytes } from "./segment-keys.ts";
import type { ListedSegment } from "./window.ts";

/** The disk, which runs jobs in their order. */
interface KeyDisk {
  /** Returns false if too many jobs wait: this one is dropped. `failed` is called if the file can't be written. */
  write(path: string, bytes: Uint8Array, failed: () => void): boolean;
  remove(path: string): void;
  /** Deletes files below `root` that an earlier process has left: `marked` is their path with a NUL character in place of each number. */
  cleanUp(root: string, marked: string, kept: () => readonly string[]): void;
}

/** Keys of one stream. */
interface StreamKeyFiles {
  readonly root: string;
  readonly pathOf: (key: SegmentKey) => string;
  /** By path. */
  readonly written: Map<string, KeyFile>;
}

/** A key on the disk or queued for it, and how many segments need it. */
interface KeyFile {
  id: string;
  segments: number;
}

/** Writes the keys of encrypted segments to files, where a vhost has a folder for them: each before the first segment that needs it. */
export class KeyFiles {
  readonly #disk: KeyDisk;
  readonly #streams = new Map<HlsStream, StreamKeyFiles>();

  constructor(disk: KeyDisk) {
    this.#disk = disk;
  }

  /** The segment is listed next. */
  listed(stream: HlsStream, { key }: ListedSegment): void {
    const file = this.#write(stream, key);
    if (file !== undefined) file.segments++;
  }

  /** A part of a segment that has this key is listed next. */
  partListed(stream: HlsStream, key: SegmentKey | undefined): void {
    this.#write(stream, key);
  }

  #write(stream: HlsStream, key: SegmentKey | undefined): KeyFile | undefined {
    const files = key === undefined ? undefined : this.#filesOf(stream);
    if (files === undefined || key === undefined) return undefined;
    const path = files.pathOf(key);
    const file = files.written.get(path) ?? { id: "", segments: 0 };
    files.written.set(path, file);
    if (file.id === key.id) return file;
    // A write that failed is tried again with the next segment.
    const failed = () => {
      file.id = "";
    };
    const queued = this.#disk.write(`${files.root}/${path}`, keyBytes(key.hex), failed);
    file.id = queued ? key.id : "";
    return file;
  }

  /** The segment may not be asked for any more. */
  removed(stream: HlsStream, { key }: ListedSegment): void {
    const files = this.#streams.get(stream);
    if (files === undefined || key === undefined || stream.config?.hls_cleanup === false) return;
    const path = files.pathOf(key);
    const file = files.written.get(path);
    if (file === undefined || --file.segments > 0) return;
    files.written.delete(path);
    this.#disk.remove(`${files.root}/${path}`);
  }

  /** The stream is forgotten. */
  closed(stream: HlsStream): void {
    this.#streams.delete(stream);
  }

  #filesOf(stream: HlsStream): StreamKeyFiles | undefined {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const { config, name } = stream;
    const root = withoutSlash(config?.hls_key_file_path || config?.hls_path || "");
    if (config === undefined || root === "") return undefined;
    const pathOf = (key: SegmentKey) => keyPath(config, name, key.from);
    const files: StreamKeyFiles = { root, pathOf, written: new Map() };
    this.#streams.set(stream, files);
    if (config.hls_cleanup) this.#disk.cleanUp(root, keyPath(config, name, "\0"), () => [...files.written.keys()]);
    return files;
  }
}
