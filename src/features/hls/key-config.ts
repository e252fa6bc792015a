import { UserError } from "../../base/errors.ts";
import { Template } from "../../base/template.ts";
import { flag, integer, text } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import type { StreamName } from "../../live/streams.ts";

/** Placeholders of a playlist's file name. */
export const STREAM_PLACEHOLDERS = ["vhost", "app", "stream"] as const;
/** Placeholders of a key's file name: the stream, and the number of the first segment that the key is for. */
const KEY_PLACEHOLDERS = [...STREAM_PLACEHOLDERS, "seq"] as const;

/** The keys of `[vhost.NAME.hls]` that encryption needs, by SRS's names. */
export const encryptionKeys = {
  hls_keys: flag({
    default: false,
    doc: "Whether segments are encrypted, by AES-128. The rules for the playlist decide who gets a key. Servers with the same cluster.secret give the same bytes.",
    reload: "live",
  }),
  hls_fragments_per_key: integer({
    default: 5,
    unit: "segments",
    min: 1,
    max: 10_000,
    doc: "How many segments have one key; the next ones have another.",
    reload: "live",
  }),
  hls_key_url: text({
    default: "",
    type: "a URL",
    doc: "Prefix of hls_key_file in playlists, if a server of yours gives out keys; empty: this server does, by the stream's rules.",
    example: "https://keys.example.com",
    reload: "live",
    problem: urlProblem,
  }),
  hls_key_file: text({
    default: "[app]/[stream]-[seq].key",
    type: "a path below hls_key_file_path, with the placeholders [vhost] [app] [stream] [seq]",
    doc: "The file of a key; [seq] is the number of the first segment that it is for.",
    reload: { restart: "streams that are cut keep their files" },
    problem: (value) => pathProblem(value, "hls_key_file_path", KEY_PLACEHOLDERS, ["stream", "seq"]),
  }),
  hls_key_file_path: text({
    default: "",
    type: "the path of a folder",
    doc: "Folder to which keys are also written as files; empty: that of hls_path, and no files if that is empty, too.",
    example: "/var/lib/srs/keys",
    reload: { restart: "streams that are cut keep their files" },
  }),
};

/** The file of a key, below the folder of keys; `seq` is the number of the first segment that it is for. */
export function keyPath(config: { readonly hls_key_file: string }, name: StreamName, seq: number | string): string {
  const values: Readonly<Record<string, string>> = { ...name, seq: String(seq) };
  return new Template(config.hls_key_file, KEY_PLACEHOLDERS).expand((placeholder) => values[placeholder] ?? "");
}

/** Why a text can't be the prefix of an address in a playlist; undefined when it can. */
export function urlProblem(value: string): string | undefined {
  return /[\s"#]/.test(value) ? `must be a URL, not ${show(value)}` : undefined;
}

/** Why a text can't be a file's path below the folder that the setting named `folder` has; undefined when it can. */
export function pathProblem(
  value: string,
  folder: string,
  allowed: readonly string[],
  needed: readonly string[],
): string | undefined {
  const missing = needed.find((name) => !value.includes(`[${name}]`));
  if (missing !== undefined) return `${show(value)} needs the placeholder [${missing}]`;
  if (value.split("/").some((level) => level === "" || level === "." || level === ".."))
    return `${show(value)} must be a path below ${folder}`;
  try {
    new Template(value, allowed);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}
