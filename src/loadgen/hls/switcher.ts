import type { ListedVariant } from "./multivariant.ts";
import { Throughput } from "./throughput.ts";
import { switches, type VariantChoice } from "./variant-choice.ts";

/** Maximum share of the throughput that a variant's bitrate may take: to stay with it, and to change up to it. */
const STAY_SHARE = 0.95;
const UP_SHARE = 0.7;
/** With `switch`, a viewer changes after 1 to this many segments. */
const MAX_SEGMENTS = 5;
/** Spreads the viewers' numbers over all seeds of the generator. */
const SEED_FACTOR = 0x9e3779b1;

/** Decides at each segment which variant one viewer plays. */
export class Switcher {
  readonly #variants: readonly ListedVariant[];
  readonly #choice: VariantChoice;
  readonly #throughput = new Throughput();
  /** Variants that could not be loaded. */
  readonly #failed = new Set<number>();
  #random: number;
  #left = 0;

  /** `number`: the viewer's number among all, from which its plan of changes is made. */
  constructor(variants: readonly ListedVariant[], choice: VariantChoice, number: number) {
    this.#variants = variants;
    this.#choice = choice;
    this.#random = Math.imul(number + 1, SEED_FACTOR) | 1;
    this.#left = this.#draw(MAX_SEGMENTS);
  }

  /** A segment or part of `bytes` took `ms` from its first byte to its last. */
  measured(bytes: number, ms: number): void {
    if (this.#choice === "auto") this.#throughput.add(bytes, ms);
  }

  /** The variant of the next segment, after one of `current`. */
  next(current: number): number {
    if (this.#choice === "switch") return this.#planned(current);
    return this.#choice === "auto" ? this.#fitting(current) : current;
  }

  /** A variant to play instead of `current`, which can't be loaded; undefined if the viewer does not change, or none is left. */
  fallback(current: number): number | undefined {
    if (!switches(this.#choice)) return undefined;
    this.#failed.add(current);
    return this.#others(current)[0];
  }

  #planned(current: number): number {
    if (this.#left-- > 0) return current;
    this.#left = this.#draw(MAX_SEGMENTS);
    const others = this.#others(current);
    return others[this.#draw(others.length)] ?? current;
  }

  /** The highest variant that the throughput allows; the lowest if it allows none. */
  #fitting(current: number): number {
    const { bps } = this.#throughput;
    if (bps === undefined) return current;
    const now = this.#bandwidth(current);
    const all = [current, ...this.#others(current)].sort((a, b) => this.#bandwidth(b) - this.#bandwidth(a));
    const fits = (bandwidth: number): boolean => bandwidth <= bps * (bandwidth > now ? UP_SHARE : STAY_SHARE);
    return all.find((at) => fits(this.#bandwidth(at))) ?? all.at(-1) ?? current;
  }

  #bandwidth(at: number): number {
    return this.#variants[at]?.bandwidth ?? 0;
  }

  #others(current: number): number[] {
    return this.#variants.map((_, at) => at).filter((at) => at !== current && !this.#failed.has(at));
  }

  /** A number below `count`, drawn by an xorshift generator of 32 bits. */
  #draw(count: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return count === 0 ? 0 : (x >>> 8) % count;
  }
}
