import { ProtocolError } from "../../base/errors.ts";
import { Attributes, noVariables } from "./attributes.ts";

/** Maximum number of variants, and of renditions: more than any real playlist has. */
const MAX_ENTRIES = 1000;

/** A variant of a stream (RFC 8216, 4.3.4.2). */
export interface ListedVariant {
  /** As the playlist writes it. */
  readonly uri: string;
  /** Bits a second. */
  readonly bandwidth: number;
  /** Width and height as `1280x720`; undefined where the playlist does not say it. */
  readonly resolution: string | undefined;
  /** NAME, which some servers write. */
  readonly name: string | undefined;
  /** The group of its audio renditions. */
  readonly audio: string | undefined;
}

/** An audio rendition (RFC 8216, 4.3.4.1). */
export interface AudioRendition {
  /** As the playlist writes it; undefined for a rendition inside the variants' own playlists. */
  readonly uri: string | undefined;
  readonly name: string;
  readonly isDefault: boolean;
  readonly autoselect: boolean;
}

/** A playlist of playlists (RFC 8216, 4.3.4), one variant at least. */
export interface MultivariantPlaylist {
  readonly kind: "multivariant";
  /** In the playlist's order; of several pathways, only the variants of the first. */
  readonly variants: readonly [ListedVariant, ...ListedVariant[]];
  /** The audio renditions of each group. */
  readonly audio: ReadonlyMap<string, readonly AudioRendition[]>;
}

/**
 * The audio rendition that players play with a variant: the one called `name`, else the default, else the first that may be selected.
 * Undefined if the variant has no renditions.
 */
export function audioOf(
  { audio }: MultivariantPlaylist,
  variant: ListedVariant,
  name: string | undefined,
): AudioRendition | undefined {
  const group = (variant.audio === undefined ? undefined : audio.get(variant.audio)) ?? [];
  return (
    group.find((rendition) => rendition.name === name) ??
    group.find(({ isDefault }) => isDefault) ??
    group.find(({ autoselect }) => autoselect) ??
    group[0]
  );
}

/** Reads a playlist with at least one EXT-X-STREAM-INF. Throws ProtocolError. */
export function readMultivariant(lines: readonly string[]): MultivariantPlaylist {
  const reader = new VariantReader();
  for (const line of lines) reader.line(line);
  return reader.playlist();
}

class VariantReader {
  readonly #variants: ListedVariant[] = [];
  readonly #audio = new Map<string, AudioRendition[]>();
  #renditions = 0;
  #pathway: string | undefined;
  /** Attributes of the variant whose URI follows. */
  #next: Attributes | undefined;

  line(line: string): void {
    if (line.startsWith("#EXT-X-DEFINE:")) throw noVariables();
    const [, tag, value = ""] = /^#(EXT-X-(?:STREAM-INF|MEDIA)):(.*)$/.exec(line) ?? [];
    if (tag === "EXT-X-MEDIA") this.#rendition(new Attributes(tag, value));
    else if (tag !== undefined) {
      if (this.#next !== undefined) throw noUri();
      this.#next = new Attributes(tag, value);
    } else if (line !== "" && !line.startsWith("#") && this.#next !== undefined) {
      this.#variant(line, this.#next);
      this.#next = undefined;
    }
  }

  playlist(): MultivariantPlaylist {
    const [first, ...others] = this.#variants;
    if (this.#next !== undefined || first === undefined) throw noUri();
    return { kind: "multivariant", variants: [first, ...others], audio: this.#audio };
  }

  #rendition(media: Attributes): void {
    if (media.text("TYPE") !== "AUDIO") return;
    if (++this.#renditions > MAX_ENTRIES) throw new ProtocolError(`the playlist has over ${MAX_ENTRIES} renditions`);
    const id = media.text("GROUP-ID") ?? "";
    const group = this.#audio.get(id) ?? [];
    this.#audio.set(id, group);
    group.push({
      uri: media.text("URI") || undefined,
      name: media.text("NAME") ?? "",
      isDefault: media.says("DEFAULT"),
      autoselect: media.says("AUTOSELECT"),
    });
  }

  #variant(uri: string, attributes: Attributes): void {
    const pathway = attributes.text("PATHWAY-ID") ?? "";
    this.#pathway ??= pathway;
    if (pathway !== this.#pathway) return;
    if (this.#variants.length === MAX_ENTRIES) throw new ProtocolError(`the playlist has over ${MAX_ENTRIES} variants`);
    this.#variants.push({
      uri,
      bandwidth: Number(attributes.text("BANDWIDTH")) || 0,
      resolution: attributes.text("RESOLUTION")?.toLowerCase(),
      name: attributes.text("NAME"),
      audio: attributes.text("AUDIO"),
    });
  }
}

function noUri(): ProtocolError {
  return new ProtocolError("the playlist names a variant without its URI");
}
