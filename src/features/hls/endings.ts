import type { StreamName } from "../../live/streams.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsContext } from "./context.ts";

/** The endings of names that make streams variants of a stream: those configured, and those of the ladder that this server makes. */
export function endingsOf(
  { ladderOf }: Pick<HlsContext, "ladderOf">,
  name: StreamName,
  { hls_variants }: Pick<HlsConfig, "hls_variants">,
): readonly string[] {
  const made = ladderOf(name)?.endings ?? [];
  return made.length === 0 ? hls_variants : [...new Set([...hls_variants, ...made.filter((ending) => ending !== "")])];
}
