import { messageOf } from "../../base/errors.ts";
import { Template } from "../../base/template.ts";
import { INIT_PLACEHOLDERS, SEGMENT_PLACEHOLDERS } from "./config.ts";
import type { HlsContext } from "./context.ts";
import type { HlsStream, HlsStreamEvents } from "./hls-stream.ts";
import { keyPath } from "./key-config.ts";
import { KeyFiles } from "./key-files.ts";
import { pathOf, withoutSlash } from "./playlists.ts";
import type { Segment, SegmentKey } from "./segment.ts";
import { segmentInFile } from "./stream-segment.ts";
import type { ListedPart, ListedSegment } from "./window.ts";

/** Maximum number of bytes that wait for the disk; segments beyond it are not written. */
const MAX_QUEUED_BYTES = 128 * 1024 * 1024;
/** Maximum number of jobs that wait for the disk. */
const MAX_QUEUED = 8192;
/** Errors are logged once in this time, ms. */
const LOG_MS = 60_000;

const encoder = new TextEncoder();

/** Files of one stream. */
interface StreamFiles {
  readonly playlist: string;
  /** The files of a segment and of its init segment, below `hls_path`. */
  readonly segment: (segment: Segment) => string;
  readonly init: (hash: string) => string;
  /** Init segments on the disk or queued for it, by file: the hash of the content, and how many segments need it. */
  readonly inits: Map<string, { hash: string; segments: number }>;
  readonly root: string;
  /** A playlist that is newer than the one on the disk waits to be written. */
  playlistQueued: boolean;
}

/**
 * Writes segments and playlists to files, where a vhost has a folder for them: each file whole, a playlist after its segments. A slow or
 * full disk does not delay what is served from memory.
 */
export class HlsFiles implements Partial<HlsStreamEvents> {
  /** Since the start: files written, and errors. */
  written = 0;
  errors = 0;
  readonly #context: HlsContext;
  /** Whether another process of this server writes the files now. */
  readonly #handedOver: () => boolean;
  readonly #streams = new Map<HlsStream, StreamFiles>();
  readonly #keys = new KeyFiles({
    write: (path, bytes, failed) =>
      this.#run(async () => {
        if (!(await this.#write(path, bytes))) failed();
      }),
    remove: (path) => this.#remove(path),
    cleanUp: (root, marked, kept) => this.#cleanUp(root, marked, "\\d+", kept),
  });
  readonly #queue: (() => Promise<void>)[] = [];
  #queuedBytes = 0;
  #running = false;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(context: HlsContext, handedOver: () => boolean) {
    this.#context = context;
    this.#handedOver = handedOver;
  }

  /** Whether nothing waits for the disk. */
  get idle(): boolean {
    return !this.#running;
  }

  listed(stream: HlsStream, segment: ListedSegment): void {
    // Files hold streams as a whole, not their renditions.
    if (stream.rendition !== undefined) return;
    if (!this.#handedOver()) this.#keys.listed(stream, segment);
    const files = this.#filesOf(stream);
    const { bytes, memory } = segment;
    if (files === undefined || bytes === undefined) return;
    this.#writeInit(files, segment);
    const path = `${files.root}/${files.segment(segment)}`;
    if (this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
      this.#failed(path, "the disk does not keep up");
      return;
    }
    const { length } = bytes;
    const queued = this.#run(async () => {
      this.#queuedBytes -= length;
      const isWritten = await this.#write(path, bytes);
      memory?.release();
      if (!isWritten || segment.announced) return;
      segment.announced = true;
      const paths = { segment: files.segment(segment), playlist: files.playlist };
      this.#context.segmentReady(segmentInFile(stream, segment, files.root, paths));
    });
    if (!queued) return;
    this.#queuedBytes += length;
    memory?.hold();
  }

  partListed(stream: HlsStream, { segment: { key } }: ListedPart): void {
    if (stream.rendition === undefined && !this.#handedOver()) this.#keys.partListed(stream, key);
  }

  removed(stream: HlsStream, segment: ListedSegment): void {
    if (stream.rendition !== undefined) return;
    if (!this.#handedOver()) this.#keys.removed(stream, segment);
    const files = this.#handedOver() ? undefined : this.#streams.get(stream);
    if (files === undefined || segment.bytes === undefined || stream.config?.hls_cleanup === false) return;
    this.#remove(`${files.root}/${files.segment(segment)}`);
    if (segment.initName === undefined) return;
    const path = files.init(hashOf(segment.initName));
    const init = files.inits.get(path);
    if (init === undefined || --init.segments > 0) return;
    files.inits.delete(path);
    this.#remove(`${files.root}/${path}`);
  }

  changed(stream: HlsStream): void {
    const files = this.#filesOf(stream);
    if (files === undefined || files.playlistQueued || !stream.listed) return;
    files.playlistQueued = true;
    this.#run(async () => {
      files.playlistQueued = false;
      // The stream may have been disposed of meanwhile.
      if (!stream.listed) return;
      await this.#write(`${files.root}/${files.playlist}`, encoder.encode(textOf(stream, files)));
    });
  }

  disposed(stream: HlsStream): void {
    const files = this.#handedOver() ? undefined : this.#streams.get(stream);
    if (files === undefined) return;
    this.#remove(`${files.root}/${files.playlist}`);
  }

  /** The stream is forgotten. */
  closed(stream: HlsStream): void {
    this.#streams.delete(stream);
    this.#keys.closed(stream);
  }

  /** Writes the init segment before the first segment that needs it. */
  #writeInit(files: StreamFiles, { init, initName }: ListedSegment): void {
    if (init === undefined || initName === undefined) return;
    const hash = hashOf(initName);
    const path = files.init(hash);
    const file = files.inits.get(path) ?? { hash: "", segments: 0 };
    files.inits.set(path, file);
    file.segments++;
    if (file.hash === hash) return;
    const queued = this.#run(async () => {
      // A write that failed is tried again with the next segment.
      if (!(await this.#write(`${files.root}/${path}`, init))) file.hash = "";
    });
    file.hash = queued ? hash : "";
  }

  #filesOf(stream: HlsStream): StreamFiles | undefined {
    if (this.#handedOver() || stream.rendition !== undefined) return undefined;
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const { config } = stream;
    if (config === undefined || config.hls_path === "") return undefined;
    const names = stream.name as unknown as Record<string, string>;
    const playlist = new Template(config.hls_m3u8_file, Object.keys(names)).expand((name) => names[name] ?? "");
    const isMp4 = config.hls_format === "fmp4";
    const template = new Template(isMp4 ? config.hls_fmp4_file : config.hls_ts_file, SEGMENT_PLACEHOLDERS);
    const segment = (of: Segment) => template.expand((name) => names[name] ?? segmentValue(name, of));
    const initTemplate = new Template(config.hls_init_file, INIT_PLACEHOLDERS);
    const init = (hash: string) => initTemplate.expand((name) => names[name] ?? hash);
    const root = withoutSlash(config.hls_path);
    const files: StreamFiles = { root, playlist, segment, init, inits: new Map(), playlistQueued: false };
    this.#streams.set(stream, files);
    if (!config.hls_cleanup) return files;
    const marked = (of: Template) => of.expand((name) => names[name] ?? "\0");
    this.#cleanUp(root, marked(template), "\\d+", () => stream.window.available.map(segment));
    if (isMp4) this.#cleanUp(root, marked(initTemplate), "[0-9a-f]{16}", () => [...files.inits.keys()]);
    return files;
  }

  /**
   * Deletes files of the stream that an earlier process has left, before this one writes its first. `marked` is their name with a NUL
   * character in the place of each value; `value` is a pattern for these.
   */
  #cleanUp(root: string, marked: string, value: string, kept: () => readonly string[]): void {
    const folder = marked.slice(0, marked.lastIndexOf("/") + 1);
    // If the folder's name has a value, such as a date, only the operator knows which folders there are.
    if (folder.includes("\0")) return;
    const name = marked.slice(folder.length).split("\0").map(escapeRegExp).join(value);
    const pattern = new RegExp(`^${name}(?:\\.tmp)?$`);
    this.#run(async () => {
      const own = new Set(kept());
      for (const file of await this.#context.files.list(`${root}/${folder}`))
        if (pattern.test(file) && !own.has(folder + file)) await this.#context.files.remove(`${root}/${folder}${file}`);
    });
  }

  /** Returns false if the file could not be written. */
  async #write(path: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#context.files.write(path, bytes);
    } catch (error) {
      this.#failed(path, messageOf(error));
      return false;
    }
    this.written++;
    return true;
  }

  #remove(path: string): void {
    this.#run(() => this.#context.files.remove(path));
  }

  /** Queues a job; returns false if too many wait. Jobs run in order, so that a playlist never names a file that is not there. */
  #run(job: () => Promise<void>): boolean {
    if (this.#queue.length >= MAX_QUEUED) {
      this.#failed("", "the disk does not keep up");
      return false;
    }
    this.#queue.push(job);
    if (!this.#running) {
      this.#running = true;
      this.#context.clock.soon(() => void this.#runAll());
    }
    return true;
  }

  async #runAll(): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      try {
        await job();
      } catch (error) {
        this.#failed("", messageOf(error));
      }
    }
    this.#running = false;
  }

  #failed(file: string, reason: string): void {
    this.errors++;
    const now = this.#context.clock.now();
    if (now - this.#loggedAt < LOG_MS) return;
    this.#loggedAt = now;
    this.#context.log.error("HLS file is not written", { file: file || undefined, reason, errors: this.errors });
  }
}

function textOf(stream: HlsStream, files: StreamFiles): string {
  const prefix = stream.config?.hls_entry_prefix ?? "";
  const uriOf = (path: string) =>
    prefix === "" ? pathOf(relative(files.playlist, path)) : `${withoutSlash(prefix)}/${pathOf(path)}`;
  // The CDN that `hls_entry_prefix` names has segments, but not necessarily keys.
  const keyFile = ({ from }: SegmentKey) =>
    stream.config === undefined ? "" : pathOf(relative(files.playlist, keyPath(stream.config, stream.name, from)));
  return stream.playlists.text({
    segment: (segment) => uriOf(files.segment(segment)),
    init: ({ initName = "" }) => uriOf(files.init(hashOf(initName))),
    key: (_, key) => stream.playlists.keyElsewhere(key) ?? keyFile(key),
  });
}

/** The hash of the content in an init segment's name. */
function hashOf(initName: string): string {
  return initName.slice(initName.lastIndexOf("-") + 1, initName.lastIndexOf("."));
}

/** A path relative to another file of the same tree. */
function relative(from: string, to: string): string {
  const [here, there] = [from.split("/").slice(0, -1), to.split("/")];
  let shared = 0;
  while (shared < here.length && shared < there.length - 1 && here[shared] === there[shared]) shared++;
  return [...here.slice(shared).map(() => ".."), ...there.slice(shared)].join("/");
}

function segmentValue(name: string, { number, durationMs, dateMs }: Segment): string {
  const date = new Date(dateMs);
  switch (name) {
    case "seq":
      return String(number);
    case "duration":
      return String(durationMs);
    case "timestamp":
      return String(dateMs);
    case "2006":
      return String(date.getUTCFullYear());
    case "01":
      return pad(date.getUTCMonth() + 1);
    case "02":
      return pad(date.getUTCDate());
    case "15":
      return pad(date.getUTCHours());
    case "04":
      return pad(date.getUTCMinutes());
    case "05":
      return pad(date.getUTCSeconds());
    default:
      return pad(date.getUTCMilliseconds(), 3);
  }
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
