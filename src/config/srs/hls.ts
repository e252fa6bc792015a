import { wordOf } from "./mapping.ts";
import { asItIs, key, keyByWord, mapped, type Rule, unused } from "./rules.ts";

const grid = "segments are cut on a grid of whole fragments that fits the encoder's key frames";

/** The rules of the directives in SRS's `hls` block, by name, except those that older versions write beside the block. */
export const hlsRules: Readonly<Record<string, Rule>> = {
  hls_dispose: key("hls", "hls_dispose"),
  hls_m3u8_file: key("hls", "hls_m3u8_file"),
  hls_ts_file: key("hls", "hls_ts_file"),
  hls_entry_prefix: key("hls", "hls_entry_prefix"),
  hls_cleanup: key("hls", "hls_cleanup"),
  hls_ctx: key("hls", "hls_ctx"),
  hls_td_ratio: unused(grid),
  hls_aof_ratio: unused(grid),
  hls_wait_keyframe: keyFrames(),
  hls_ts_floor: { ...asItIs, becomes: "as it is: segments' numbers follow the clock" },
  hls_recover: { ...asItIs, becomes: "as it is: numbers never go back" },
  hls_dts_directly: { ...asItIs, becomes: "as it is: decoding times are the publisher's" },
  hls_on_error: unused("HLS goes on after an error, which is logged"),
  hls_storage: unused("segments are in memory; hls_path says whether they are files, too"),
  hls_mount: unused("a playlist is at /app/stream.m3u8"),
  hls_ts_ctx: unused("segments need no session, so that a CDN can keep them"),
  hls_acodec: unused("the codecs are the stream's own"),
  hls_vcodec: unused("the codecs are the stream's own"),
  hls_nb_notify: unused("it is of use to on_hls_notify only"),
  hls_master_m3u8_path_relative: unused("links in playlists are relative"),
  hls_use_fmp4: keyByWord("`hls.hls_format`: `fmp4` or `ts`", { on: "fmp4", off: "ts" }, "hls", "hls_format"),
  hls_fmp4_file: key("hls", "hls_fmp4_file"),
  hls_init_file: key("hls", "hls_init_file"),
  hls_keys: key("hls", "hls_keys"),
  hls_fragments_per_key: key("hls", "hls_fragments_per_key"),
  hls_key_file: key("hls", "hls_key_file"),
  hls_key_file_path: key("hls", "hls_key_file_path"),
  hls_key_url: key("hls", "hls_key_url"),
};

/** A key of whole seconds; SRS takes fractions, too. */
export function wholeSeconds(name: string): Rule {
  return mapped(`\`hls.${name}\`; fractions are rounded up`, (directive, { mapping, path }) => {
    const word = wordOf(directive);
    const words = /^\d*\.\d+$/.test(word) ? [String(Math.ceil(Number(word)))] : undefined;
    mapping.set([...path, "hls", name], directive, words);
  });
}

function keyFrames(): Rule {
  return {
    kind: "as it is",
    becomes: "`on` as it is; `off` is ignored: a segment begins at a key frame where there is one",
    apply(directive, { mapping }) {
      if (wordOf(directive) === "off")
        mapping.warn(directive, "ignored: a segment begins at a key frame where there is one");
    },
  };
}
