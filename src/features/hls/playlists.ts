import { createHash } from "node:crypto";
import type { StreamName } from "../../live/streams.ts";
import { type StreamCodecs, streamCodecs } from "../../media/codec-strings.ts";
import { type LowLatency, type PlaylistPart, skipBoundaryMs } from "../../media/hls/low-latency.ts";
import { type GrowingEntry, type MediaPlaylist, renderMediaPlaylist } from "../../media/hls/media-playlist.ts";
import type { Variant } from "../../media/hls/multivariant-playlist.ts";
import type { Packet } from "../../media/packet.ts";
import { keyName } from "./address.ts";
import type { HlsConfig } from "./config.ts";
import { keyPath } from "./key-config.ts";
import type { LiveEdge } from "./live-edge.ts";
import type { SegmentKey } from "./segment.ts";
import type { ListedPart, ListedSegment, Window } from "./window.ts";

/** A playlist as it is sent, made once for all viewers that ask for the same version. */
export interface RenderedPlaylist {
  readonly body: Uint8Array;
  /** The body compressed; undefined for a playlist that is one viewer's alone. */
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
  /** The newest parts; undefined where segments have none. */
  readonly edge: LiveEdge | undefined;
  /** The name of the part that comes next. */
  readonly hint: string | undefined;
}

/** URIs of a segment, its init segment and its key, relative to the playlist. */
export interface SegmentUris {
  segment(segment: ListedSegment): string;
  init(segment: ListedSegment): string;
  key(segment: ListedSegment, key: SegmentKey): string;
}

/** The state that a playlist was made of. */
interface Versions {
  readonly list: number;
  readonly parts: number | undefined;
  readonly ended: boolean;
}

/** Stands at both ends of a key's address, where each viewer's stream name and query are put in. No address has this character. */
const OWN = "\r";

const encoder = new TextEncoder();

/** The playlists of one stream, rendered when they are asked for. */
export class Playlists {
  readonly #source: PlaylistSource;
  readonly #gzip: (bytes: Uint8Array) => Uint8Array;
  /** The state that the two playlists are made of: the whole one, and the delta update. */
  #of: Versions | undefined;
  #whole: SharedPlaylist | undefined;
  #delta: SharedPlaylist | undefined;
  #codecs: { readonly of: readonly Packet[]; readonly are: StreamCodecs } | undefined;

  constructor(source: PlaylistSource, gzip: (bytes: Uint8Array) => Uint8Array) {
    this.#source = source;
    this.#gzip = gzip;
  }

  /**
   * The media playlist at `/app/stream.m3u8`. Addresses of keys have the stream name and the query of the viewer's request, so that guards
   * are asked about these; all else is the same for all viewers. `delta`: without the entries that a player has from an earlier playlist
   * (RFC 8216bis, 6.2.5.1).
   */
  media(query = "", via = this.#source.name.stream, delta = false): RenderedPlaylist {
    const shared = this.#shared(delta);
    if (shared.parts.length === 1) return shared;
    const before = `${encodeURIComponent(via)}/`;
    const behind = query === "" ? "" : `?${query.replaceAll('"', "%22")}`;
    // Between two parts, a key's address begins or ends, in turn.
    const text = shared.parts.reduce((all, part, at) => all + (at % 2 === 1 ? before : behind) + part);
    return { body: encoder.encode(text), gzip: undefined, etag: shared.etag };
  }

  #shared(delta: boolean): SharedPlaylist {
    const { window, edge, ended } = this.#source;
    const of = this.#of;
    if (of?.list !== window.version || of.parts !== edge?.version || of.ended !== ended) {
      this.#whole = undefined;
      this.#delta = undefined;
      this.#of = { list: window.version, parts: edge?.version, ended };
    }
    if (!delta) this.#whole ??= this.#render(0);
    else this.#delta ??= this.#render(skippable(this.#source));
    return (delta ? this.#delta : this.#whole) as SharedPlaylist;
  }

  #render(skipped: number): SharedPlaylist {
    const uris: SegmentUris = {
      segment: ({ name }) => this.#uriOf(name),
      init: ({ initName = "" }) => this.#uriOf(initName),
      key: ({ epoch }, key) => this.#keyUri(epoch, key),
    };
    const text = this.text(uris, this.#partsOf(skipped));
    const parts = text.split(OWN);
    const body = encoder.encode(text);
    const hash = createHash("sha1").update(body).digest("hex");
    const gzip = parts.length === 1 ? this.#gzip(body) : undefined;
    return { body, gzip, etag: `"${hash}"`, parts };
  }

  /** What the playlist says of the stream's parts; undefined where segments have none. */
  #partsOf(skipped: number): ListParts | undefined {
    const { edge, hint, window } = this.#source;
    if (edge === undefined) return undefined;
    const { segment, parts, partTargetMs, firstWithParts } = edge;
    const of = ({ name, durationMs, independent }: ListedPart) => ({ uri: this.#uriOf(name), durationMs, independent });
    const lowLatency = { partTargetMs, skipped, hint: hint && this.#uriOf(hint) };
    const shown = window.entries.map((entry, at) => (at < firstWithParts ? [] : (entry.parts ?? []).map(of)));
    if (segment === undefined) return { lowLatency, shown, growing: undefined };
    const last = window.entries.at(-1);
    const { dateMs, independent } = segment;
    const discontinuity = segment.discontinuity !== last?.discontinuity;
    const { initName } = parts[0] ?? {};
    const map = initName && this.#uriOf(initName);
    const key = segment.key && this.#keyUri(segment.epoch, segment.key);
    return { lowLatency, shown, growing: { dateMs, independent, discontinuity, map, key, parts: parts.map(of) } };
  }

  #keyUri(epoch: string, key: SegmentKey): string {
    return this.keyElsewhere(key) ?? OWN + keyName(epoch, key) + OWN;
  }

  /** The address of a key that another server gives out; undefined where this one does. */
  keyElsewhere({ from }: SegmentKey): string | undefined {
    const { name, config } = this.#source;
    if (config === undefined || config.hls_key_url === "") return undefined;
    return `${withoutSlash(config.hls_key_url)}/${pathOf(keyPath(config, name, from))}`;
  }

  /** The media playlist with these URIs, and with `parts` if there are any. */
  text(uris: SegmentUris, parts?: ListParts): string {
    return renderMediaPlaylist(mediaPlaylistOf(this.#source.window, uris, this.#source.ended, parts));
  }

  /** What a multivariant playlist says of the stream. */
  get variant(): Variant {
    const { window, described } = this.#source;
    const { codecs, picture } = this.#codecsOf(described);
    const frameRate = picture?.frameMs === undefined ? undefined : 1000 / picture.frameMs;
    const rates = bitRates(window);
    const independent = window.entries.every((segment) => segment.independent);
    return { ...rates, codecs, resolution: picture, frameRate, independent };
  }

  /** Number of audio channels; undefined where it is not known. */
  get channels(): number | undefined {
    return this.#codecsOf(this.#source.described).channels;
  }

  #codecsOf(described: readonly Packet[]): StreamCodecs {
    if (this.#codecs?.of !== described) this.#codecs = { of: described, are: streamCodecs(described) };
    return this.#codecs.are;
  }

  /** Makes the playlists anew: the configuration has changed. */
  forget(): void {
    this.#of = undefined;
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

/** A media playlist that all viewers share. Between its parts of text, each viewer's stream name and query are put in. */
interface SharedPlaylist extends RenderedPlaylist {
  readonly parts: readonly string[];
}

/** What a playlist has beside its entries where segments have parts. */
interface ListParts {
  readonly lowLatency: LowLatency;
  /** The listed parts of each entry. */
  readonly shown: readonly (readonly PlaylistPart[])[];
  readonly growing: GrowingEntry | undefined;
}

/** How many entries a delta update may skip: those far from the playlist's end, and before the first discontinuity in it. */
function skippable({ window: { entries, targetSeconds }, edge, ended }: PlaylistSource): number {
  if (edge === undefined || ended) return 0;
  let ms = skipBoundaryMs(targetSeconds);
  let at = entries.length;
  for (; at > 0 && ms > 0; at--) ms -= entries[at - 1]?.durationMs ?? 0;
  const first = entries[0]?.discontinuity;
  const other = entries.findIndex(({ discontinuity }) => discontinuity !== first);
  return Math.max(0, other < 0 ? at : Math.min(at, other));
}

function mediaPlaylistOf(window: Window, uris: SegmentUris, ended: boolean, parts?: ListParts): MediaPlaylist {
  const { entries, targetSeconds } = window;
  const [first] = entries;
  let before = first === undefined ? 0 : first.discontinuity - Number(first.opens);
  const discontinuitySequence = before;
  return {
    targetSeconds,
    sequence: first?.number ?? 0,
    discontinuitySequence,
    ended,
    ...parts,
    entries: entries.map((segment, at) => {
      const discontinuity = segment.discontinuity !== before;
      before = segment.discontinuity;
      const { durationMs, dateMs, independent, bytes, initName } = segment;
      const key = segment.key && uris.key(segment, segment.key);
      const map = initName === undefined ? undefined : uris.init(segment);
      const gap = bytes === undefined;
      const uri = uris.segment(segment);
      const shown = parts?.shown[at] ?? [];
      return { uri, durationMs, dateMs, discontinuity, independent, gap, map, key, parts: shown };
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
