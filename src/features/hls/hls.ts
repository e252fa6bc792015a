import type { Feature } from "../../live/ports/feature.ts";
import type { HttpRoute } from "../../live/ports/http.ts";
import type { Report } from "../../live/ports/report.ts";
import type { Source, SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { nameOfKey, type StreamName, type StreamObserver } from "../../live/streams.ts";
import { referencesOf } from "./alignment.ts";
import { HlsCarry } from "./carry.ts";
import type { HlsContext } from "./context.ts";
import { endingsOf } from "./endings.ts";
import { HlsFiles } from "./files.ts";
import type { HlsStream } from "./hls-stream.ts";
import { HlsStreams } from "./hls-streams.ts";
import { HlsRoute } from "./route.ts";
import { Sessions } from "./sessions.ts";
import { segmentInMemory } from "./stream-segment.ts";
import type { ListedPart, ListedSegment } from "./window.ts";

/** Cuts the streams of vhosts with HLS into segments, and serves these and playlists to viewers. */
export class Hls implements Feature, StreamObserver {
  readonly name = "hls";
  readonly streams = this;
  readonly http: readonly HttpRoute[];
  readonly carry: HlsCarry;
  readonly #context: HlsContext;
  readonly #all: HlsStreams;
  readonly #sessions: Sessions;
  readonly #files: HlsFiles;

  constructor(context: HlsContext) {
    this.#context = context;
    this.#files = new HlsFiles(context, () => this.carry.given);
    const told = ({ key, ladder }: Stream) => {
      const stream = this.#all.find(nameOfKey(key));
      if (stream !== undefined) this.#all.ladderTold(stream, ladder.current);
    };
    this.#sessions = new Sessions(context, (group) => group.closeIdle(), told);
    const disposed = (stream: HlsStream) => {
      if (stream.rendition === undefined) this.#sessions.endAll(stream, "the stream is over");
    };
    const observer = {
      disposed,
      listed: (stream: HlsStream, segment: ListedSegment) => {
        this.#announce(stream, segment);
        this.carry.listed(stream, segment);
      },
      partListed: (stream: HlsStream, part: ListedPart) => this.carry.partListed(stream, part),
    };
    this.#all = new HlsStreams(context, [observer, this.#files], (key, endings) => this.#sessions.grow(key, endings));
    this.carry = new HlsCarry(this.#all, {
      segment: (name, segment, { ended, rendition, ladder }) => {
        const adopt = (stream: HlsStream) => {
          stream.adopt(segment, ended);
          if (ladder !== undefined) this.#all.ladderTold(stream, ladder);
        };
        this.#adopt(name, adopt, rendition);
      },
      part: (name, part, rendition) => this.#adopt(name, (stream) => stream.adoptPart(part), rendition),
    });
    this.http = [new HlsRoute(context, this.#all, this.#sessions)];
  }

  /** Takes a segment or a part of a stream from the old process. */
  #adopt(name: StreamName, adopt: (stream: HlsStream) => void, rendition?: string): void {
    const config = this.#context.configOf(name.vhost)?.hls;
    if (!config?.enabled) return;
    const stream = rendition === undefined ? this.#all.open(name, config) : this.#all.openPart(name, config, rendition);
    if (stream === undefined) return;
    adopt(stream);
    this.#all.closeIfIdle(stream);
  }

  /** Announces a segment in memory. Files are announced when they are written; once segments are given, the new process announces them. */
  #announce(stream: HlsStream, segment: ListedSegment): void {
    if (stream.rendition !== undefined) return;
    const isInMemory = stream.config?.hls_path === "" && segment.bytes !== undefined;
    if (!isInMemory || segment.announced || this.carry.given) return;
    segment.announced = true;
    this.#context.segmentReady(segmentInMemory(stream, segment));
  }

  published(stream: Stream, name: StreamName, _source: Source): void {
    const config = this.#context.configOf(name.vhost)?.hls;
    stream.ladder.make(this.#context.ladderOf(name));
    // Epochs are aligned without HLS here, too, as other servers may cut the streams.
    stream.epochs.references =
      config && referencesOf(this.#context.streams, name, endingsOf(this.#context, name, config));
    if (config?.enabled) this.#all.open(name, config).begin(stream);
  }

  wanted(stream: Stream, name: StreamName): void {
    stream.ladder.make(this.#context.ladderOf(name));
  }

  unpublished(stream: Stream, source: Source, how: SourceEnd): void {
    // A pull ends when there are no viewers: the stream itself continues elsewhere.
    const unwatched = source.info.via === "pull" && stream.viewers === 0;
    for (const hls of this.#all.all()) if (hls.key === stream.key) hls.ends(unwatched ? "lost" : how);
  }

  /** The configuration has changed. */
  reconfigure(): void {
    for (const stream of [...this.#all.all()]) {
      const config = stream.config;
      if (config?.enabled) stream.reconfigure(config);
      else {
        this.#sessions.endAll(stream, "HLS was switched off");
        this.#all.close(stream);
      }
    }
    for (const stream of this.#context.streams.all()) {
      const name = nameOfKey(stream.key);
      if (stream.source === undefined) this.wanted(stream, name);
      else this.published(stream, name, stream.source);
    }
  }

  report(): Report {
    let [segments, bytes] = [0, 0];
    for (const { window, heldBytes } of this.#all.all()) {
      segments += window.entries.length;
      bytes += heldBytes;
    }
    const { errors, written } = this.#files;
    const cuts = this.#sessions.size + segments > 0;
    return {
      ...(cuts && { now: { hls_viewers: this.#sessions.size, hls_segments: segments, hls_bytes: bytes } }),
      since: { hls_files: written, hls_errors: errors },
    };
  }

  stop(): void {
    this.#sessions.endAll(undefined, "the server stops");
  }

  get idle(): boolean {
    return this.#files.idle;
  }
}
