import { ProtocolError } from "../../base/errors.ts";
import { Attributes } from "./attributes.ts";

/** More variants than any playlist has. */
const MAX_VARIANTS = 1000;

/** A variant of a stream (RFC 8216, 4.3.4.2). */
export interface ListedVariant {
  /** As the playlist writes it. */
  readonly uri: string;
  /** Bits a second. */
  readonly bandwidth: number;
  /** Whether the variant's sound is in playlists of its own. */
  readonly soundApart: boolean;
}

/** A playlist of playlists (RFC 8216, 4.3.4), one variant at least. */
export interface MultivariantPlaylist {
  readonly kind: "multivariant";
  /** In the playlist's order; of several pathways, only the variants of the first. */
  readonly variants: readonly [ListedVariant, ...ListedVariant[]];
}

/** Which variant players play: the first, as browsers begin; the one of the highest bitrate; or all, each player the next one. */
export type VariantChoice = "first" | "best" | "all";

/** The variant of one player. */
export function chosenVariant(
  { variants }: MultivariantPlaylist,
  choice: VariantChoice,
  player: number,
): ListedVariant {
  const [first] = variants;
  if (choice === "all") return variants[player % variants.length] ?? first;
  if (choice === "first") return first;
  return variants.reduce((best, variant) => (variant.bandwidth > best.bandwidth ? variant : best));
}

/** Reads a playlist with at least one EXT-X-STREAM-INF. Throws ProtocolError. */
export function readMultivariant(lines: readonly string[]): MultivariantPlaylist {
  const reader = new VariantReader();
  for (const line of lines) reader.line(line);
  return reader.playlist();
}

class VariantReader {
  readonly #variants: ListedVariant[] = [];
  /** Groups of audio renditions in which at least one has a playlist of its own. */
  readonly #apart = new Set<string>();
  #pathway: string | undefined;
  /** Attributes of the variant whose URI follows. */
  #next: Attributes | undefined;

  line(line: string): void {
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
    return { kind: "multivariant", variants: [first, ...others] };
  }

  #rendition(media: Attributes): void {
    const isApart = media.text("TYPE") === "AUDIO" && media.text("URI") !== undefined;
    if (isApart) this.#apart.add(media.text("GROUP-ID") ?? "");
  }

  #variant(uri: string, attributes: Attributes): void {
    const pathway = attributes.text("PATHWAY-ID") ?? "";
    this.#pathway ??= pathway;
    if (pathway !== this.#pathway) return;
    if (this.#variants.length === MAX_VARIANTS)
      throw new ProtocolError(`the playlist has over ${MAX_VARIANTS} variants`);
    const bandwidth = Number(attributes.text("BANDWIDTH")) || 0;
    const audio = attributes.text("AUDIO");
    this.#variants.push({ uri, bandwidth, soundApart: audio !== undefined && this.#apart.has(audio) });
  }
}

function noUri(): ProtocolError {
  return new ProtocolError("the playlist names a variant without its URI");
}
