import { createHash } from "node:crypto";
import type { StreamName } from "../../live/streams.ts";
import { type StreamCodecs, streamCodecs } from "../../media/codec-strings.ts";
import { type MediaPlaylist, renderMediaPlaylist } from "../../media/hls/media-playlist.ts";
import type { Variant } from "../../media/hls/multivariant-playlist.ts";
import type { Packet } from "../../media/packet.ts";
import { keyName } from "./address.ts";
import type { HlsConfig } from "./config.ts";
import { keyPath } from "./key-config.ts";
import type { SegmentKey } from "./segment.ts";
import type { ListedSegment, Window } from "./window.ts";

/** A playlist as it is sent, made once for all who ask for the same version. */
export interface RenderedPlaylist {
  readonly body: Uint8Array;
  /** The same compressed; undefined for what is one viewer's alone. */
  readonly gzip: Uint8Array | undefined;
  readonly etag: string;
}

/** What playlists are made of. */
export interface PlaylistSource {
  readonly name: StreamName;
  readonly window: Window;
  readonly ended: boolean;
  readonly config: Pick<HlsConfig, "hls_entry_prefix" | "hls_key_url" | "hls_key_file"> | undefined;
  /** The stream's sequence headers, and a frame of each track without one. */
  readonly described: readonly Packet[];
}

/** Where a segment is, and the init segment of one that has one, relative to the playlist. */
export interface SegmentUris {
  segment(segment: ListedSegment): string;
  init(segment: ListedSegment): string;
  key(segment: ListedSegment, key: SegmentKey): string;
}

/** Stands before and behind the address of a key, where the viewer's own come. No address has it. */
const OWN = "\r";

const encoder = new TextEncoder();

/** The playlists of one stream, rendered when they are asked for. */
export class Playlists {
  readonly #source: PlaylistSource;
  readonly #gzip: (bytes: Uint8Array) => Uint8Array;
  #media: SharedPlaylist | undefined;
  #codecs: { readonly of: readonly Packet[]; readonly are: StreamCodecs } | undefined;

  constructor(source: PlaylistSource, gzip: (bytes: Uint8Array) => Uint8Array) {
    this.#source = source;
    this.#gzip = gzip;
  }

  /**
   * The media playlist at `/app/stream.m3u8`. The addresses of keys have the name of the stream that the viewer has asked for, and their
   * query, so that guards can be asked about that; else it is the same for all.
   */
  media(query = "", via = this.#source.name.stream): RenderedPlaylist {
    const shared = this.#shared();
    if (shared.parts.length === 1) return shared;
    const before = `${encodeURIComponent(via)}/`;
    const behind = query === "" ? "" : `?${query.replaceAll('"', "%22")}`;
    // Between two parts is the beginning of an address, or the end of one.
    const text = shared.parts.reduce((all, part, at) => all + (at % 2 === 1 ? before : behind) + part);
    return { body: encoder.encode(text), gzip: undefined, etag: shared.etag };
  }

  #shared(): SharedPlaylist {
    const { window, ended } = this.#source;
    const { version } = window;
    if (this.#media?.version === version && this.#media.ended === ended) return this.#media;
    const text = this.text({
      segment: ({ name }) => this.#uriOf(name),
      init: ({ initName = "" }) => this.#uriOf(initName),
      key: ({ epoch }, key) => this.keyElsewhere(key) ?? OWN + keyName(epoch, key) + OWN,
    });
    const parts = text.split(OWN);
    const body = encoder.encode(text);
    const hash = createHash("sha1").update(body).digest("hex");
    const gzip = parts.length === 1 ? this.#gzip(body) : undefined;
    this.#media = { body, gzip, etag: `"${hash}"`, version, ended, parts };
    return this.#media;
  }

  /** The address of a key that another server gives out; undefined where this one does. */
  keyElsewhere({ from }: SegmentKey): string | undefined {
    const { name, config } = this.#source;
    if (config === undefined || config.hls_key_url === "") return undefined;
    return `${withoutSlash(config.hls_key_url)}/${pathOf(keyPath(config, name, from))}`;
  }

  /** The media playlist with other URIs. */
  text(uris: SegmentUris): string {
    return renderMediaPlaylist(mediaPlaylistOf(this.#source.window, uris, this.#source.ended));
  }

  /** What a multivariant playlist says of the stream. */
  get variant(): Variant {
    const { window, described } = this.#source;
    if (this.#codecs?.of !== described) this.#codecs = { of: described, are: streamCodecs(described) };
    const { codecs, picture } = this.#codecs.are;
    const frameRate = picture?.frameMs === undefined ? undefined : 1000 / picture.frameMs;
    const rates = bitRates(window);
    const independent = window.entries.every((segment) => segment.independent);
    return { ...rates, codecs, resolution: picture, frameRate, independent };
  }

  /** The configuration has changed. */
  forget(): void {
    this.#media = undefined;
  }

  /** A file's address, relative to the playlist. */
  #below(file: string): string {
    return `${encodeURIComponent(this.#source.name.stream)}/${file}`;
  }

  #uriOf(file: string): string {
    const { name, config } = this.#source;
    const prefix = config?.hls_entry_prefix ?? "";
    const below = this.#below(file);
    return prefix === "" ? below : `${withoutSlash(prefix)}/${pathOf(name.app)}/${below}`;
  }
}

/** A media playlist as it is for all viewers, but for their queries between its parts. */
interface SharedPlaylist extends RenderedPlaylist {
  readonly parts: readonly string[];
  /** What it was made of. */
  readonly version: number;
  readonly ended: boolean;
}

function mediaPlaylistOf(window: Window, uris: SegmentUris, ended: boolean): MediaPlaylist {
  const { entries, targetSeconds } = window;
  const [first] = entries;
  let before = first === undefined ? 0 : first.discontinuity - Number(first.opens);
  const discontinuitySequence = before;
  return {
    targetSeconds,
    sequence: first?.number ?? 0,
    discontinuitySequence,
    ended,
    entries: entries.map((segment) => {
      const discontinuity = segment.discontinuity !== before;
      before = segment.discontinuity;
      const { durationMs, dateMs, independent, bytes, initName } = segment;
      const key = segment.key && uris.key(segment, segment.key);
      const map = initName === undefined ? undefined : uris.init(segment);
      const gap = bytes === undefined;
      return { uri: uris.segment(segment), durationMs, dateMs, discontinuity, independent, gap, map, key };
    }),
  };
}

/** The highest and the average bit rate of a window's segments, bits a second (RFC 8216, 4.3.4.2). */
function bitRates({ entries }: Window): { bandwidth: number; averageBandwidth: number } {
  let [bandwidth, bits, ms] = [1, 0, 0];
  for (const { bytes, durationMs } of entries) {
    if (bytes === undefined || durationMs === 0) continue;
    bits += 8 * bytes.length;
    ms += durationMs;
    bandwidth = Math.max(bandwidth, Math.ceil((8000 * bytes.length) / durationMs));
  }
  return { bandwidth, averageBandwidth: ms === 0 ? 1 : Math.ceil((1000 * bits) / ms) };
}

/** A path's levels, each percent-encoded. */
export function pathOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** A URL without slashes at its end. */
export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
