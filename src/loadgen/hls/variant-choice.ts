import { UserError } from "../../base/errors.ts";
import type { ListedVariant, MultivariantPlaylist } from "./multivariant.ts";

/** Maximum number of variants that an error lists. */
const MAX_NAMES = 8;

/**
 * Which variants viewers play. `first`: as browsers begin; `highest` and `lowest`: by bitrate; `all`: each viewer the next one; `switch`:
 * viewers change at random, the same way in each run; `auto`: by measured throughput. Any other text is a variant's name.
 */
export type VariantChoice = string;

/** Whether viewers change their variant while they play. */
export function switches(choice: VariantChoice): boolean {
  return choice === "switch" || choice === "auto";
}

/** The variant, by its index, that viewer `number` begins with. Throws UserError if no variant has the name. */
export function firstVariant({ variants }: MultivariantPlaylist, choice: VariantChoice, number: number): number {
  switch (choice) {
    case "first":
    case "auto":
      return 0;
    case "all":
    case "switch":
      return number % variants.length;
    case "highest":
      return extreme(variants, (bandwidth, best) => bandwidth > best);
    case "lowest":
      return extreme(variants, (bandwidth, best) => bandwidth < best);
    default:
      return named(variants, choice);
  }
}

/** A variant for people: its size, if it is known, and its bitrate. */
export function labelOf({ name, resolution, bandwidth }: ListedVariant): string {
  return `${name ?? resolution ?? "a variant"} of ${Math.round(bandwidth / 1000)} kbit/s`;
}

function extreme(variants: readonly ListedVariant[], better: (bandwidth: number, best: number) => boolean): number {
  let found = 0;
  for (const [at, { bandwidth }] of variants.entries())
    if (better(bandwidth, variants[found]?.bandwidth ?? 0)) found = at;
  return found;
}

/** A name is the playlist's own, a size (1280x720), a height (720p), or else a part of the variant's address. */
function named(variants: readonly ListedVariant[], name: string): number {
  const ways: readonly ((variant: ListedVariant) => boolean)[] = [
    (variant) => variant.name === name,
    ({ resolution }) => resolution !== undefined && (resolution === name || `${resolution.split("x")[1]}p` === name),
    ({ uri }) => uri.includes(name),
  ];
  for (const is of ways) {
    const at = variants.findIndex(is);
    if (at >= 0) return at;
  }
  const labels = variants
    .slice(0, MAX_NAMES)
    .map(({ uri, ...rest }) => `${uri.split("?")[0]} (${labelOf({ uri, ...rest })})`);
  const more = variants.length > MAX_NAMES ? " and others" : "";
  throw new UserError(`the playlist has no variant "${name}"; it has ${labels.join(", ")}${more}`);
}
