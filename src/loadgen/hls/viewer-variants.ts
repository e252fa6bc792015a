import type { Downloaded } from "./download.ts";
import { audioOf, type ListedVariant, type MultivariantPlaylist } from "./multivariant.ts";
import type { OwnTokens } from "./own-tokens.ts";
import { Switcher } from "./switcher.ts";
import { firstVariant, labelOf, type VariantChoice } from "./variant-choice.ts";

/** The variants that one viewer chooses from, and the one that is played. */
export class ViewerVariants {
  readonly #list: MultivariantPlaylist;
  readonly #base: URL;
  readonly #tokens: OwnTokens;
  readonly #switcher: Switcher;
  #current: number;
  /** The name of the audio rendition that was played last. */
  #audioName: string | undefined;

  /** `base` is the playlist's URL, `number` the viewer's number. Throws UserError if there is no variant as chosen. */
  constructor(list: MultivariantPlaylist, base: URL, tokens: OwnTokens, choice: VariantChoice, number: number) {
    this.#list = list;
    this.#base = base;
    this.#tokens = tokens;
    this.#switcher = new Switcher(list.variants, choice, number);
    this.#current = firstVariant(list, choice, number);
  }

  /** The variant's playlist; undefined if its URI is no URL, or the playlist's own. */
  get url(): URL | undefined {
    const url = this.#urlOf(this.#variant.uri);
    return url?.href === this.#base.href ? undefined : url;
  }

  /** As the playlist writes it. */
  get uri(): string {
    return this.#tokens.unmask(this.#variant.uri);
  }

  /** The playlist of the audio that goes with the variant; undefined if the variant's own playlist has it. */
  get audioUrl(): URL | undefined {
    const rendition = audioOf(this.#list, this.#variant, this.#audioName);
    this.#audioName = rendition?.name ?? this.#audioName;
    return rendition?.uri === undefined ? undefined : this.#urlOf(rendition.uri);
  }

  /** For people. */
  get label(): string {
    return labelOf(this.#variant);
  }

  /** A segment or part of the variant has arrived. */
  measured({ bytes, ms }: Downloaded): void {
    this.#switcher.measured(bytes, ms);
  }

  /** Takes the variant of the next segment; undefined if it is the same as before. */
  next(): "up" | "down" | undefined {
    const before = this.#current;
    const { bandwidth } = this.#variant;
    const next = this.#switcher.next(before);
    if (next === before) return undefined;
    this.#current = next;
    if (this.url !== undefined) return this.#variant.bandwidth > bandwidth ? "up" : "down";
    this.#switcher.fallback(next);
    this.#current = before;
    return undefined;
  }

  /** Takes another variant, as this one can't be loaded; false if the viewer does not change, or none is left. */
  leave(): boolean {
    const other = this.#switcher.fallback(this.#current);
    this.#current = other ?? this.#current;
    return other !== undefined;
  }

  get #variant(): ListedVariant {
    return this.#list.variants[this.#current] ?? this.#list.variants[0];
  }

  #urlOf(uri: string): URL | undefined {
    return URL.parse(this.#tokens.unmask(uri), this.#base.href) ?? undefined;
  }
}
