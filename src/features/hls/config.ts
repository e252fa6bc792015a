import { choice, flag, integer, text } from "../../config/key.ts";
import { type Table, table, type ValueOf } from "../../config/table.ts";
import { encryptionKeys, pathProblem, STREAM_PLACEHOLDERS, urlProblem } from "./key-config.ts";
import { variantKeys } from "./variant-config.ts";

/** Placeholders of a segment's file name: the stream, its number, its date, and that date in UTC as Go writes the parts of dates. */
export const SEGMENT_PLACEHOLDERS = [
  ...STREAM_PLACEHOLDERS,
  "seq",
  "duration",
  "timestamp",
  "2006",
  "01",
  "02",
  "15",
  "04",
  "05",
  "999",
] as const;

const KEEPS_NUMBERS = "streams that are cut keep their numbers and files";

/** Placeholders of an init segment's file name. */
export const INIT_PLACEHOLDERS = [...STREAM_PLACEHOLDERS, "hash"] as const;

/** `[vhost.NAME.hls]` */
export const hlsTable = table(
  "HLS at http://server/app/stream.m3u8, cut while a stream is published. Servers that carry the same stream with the same hls_format and hls_fragment give the same bytes.",
  {
    enabled: flag({
      default: false,
      doc: "Whether the vhost's streams are cut into segments.",
      reload: "live",
    }),
    hls_format: choice(["ts", "fmp4"], {
      default: "ts",
      doc: "What segments are: MPEG-TS carries H.264, HEVC, AAC and MP3; fragmented MP4 those, AV1, VP9, Opus, FLAC, AC-3 and E-AC-3.",
      reload: { restart: KEEPS_NUMBERS },
    }),
    hls_fragment: integer({
      default: 10,
      unit: "seconds",
      min: 1,
      max: 60,
      doc: "How long a segment is; one that would have no key frame is longer by whole fragments.",
      reload: { restart: KEEPS_NUMBERS },
    }),
    hls_low_latency: flag({
      default: false,
      doc: "Low-latency HLS: segments are listed in parts while they grow, so that viewers are less than 2 s late. They are fragmented MP4 then, whatever hls_format says.",
      reload: { restart: KEEPS_NUMBERS },
    }),
    hls_part: integer({
      default: 300,
      unit: "milliseconds",
      min: 200,
      max: 2000,
      doc: "How long a part is at the most, with hls_low_latency. Players stay three parts behind.",
      reload: { restart: KEEPS_NUMBERS },
    }),
    hls_window: integer({
      default: 60,
      unit: "seconds",
      min: 1,
      max: 3600,
      doc: "How much a playlist lists; it lists at least three target durations.",
      reload: "live",
    }),
    hls_dispose: integer({
      default: 120,
      unit: "seconds",
      min: 0,
      max: 86_400,
      doc: "How long a playlist stays without a publisher; then it is 410 Gone, and its memory and files are freed. 0 keeps it.",
      reload: "live",
    }),
    hls_ctx: flag({
      default: true,
      doc: "Whether each viewer has a session, by a link in the first playlist with a token of the viewer's own: so viewers are counted. Without sessions all viewers get one media playlist, as a CDN needs it.",
      reload: "live",
    }),
    hls_entry_prefix: text({
      default: "",
      type: "a URL",
      doc: "Prefix of segments' addresses in playlists, for a CDN; empty: addresses are relative to the playlist.",
      example: "https://cdn.example.com",
      reload: "live",
      problem: urlProblem,
    }),
    hls_path: text({
      default: "",
      type: "the path of a folder",
      doc: "Folder to which playlists and segments are also written as files; empty: they are in memory only.",
      example: "/var/www/hls",
      reload: { restart: KEEPS_NUMBERS },
    }),
    hls_m3u8_file: text({
      default: "[app]/[stream].m3u8",
      type: "a path below hls_path, with the placeholders [vhost] [app] [stream]",
      doc: "The file of a stream's playlist.",
      reload: { restart: KEEPS_NUMBERS },
      problem: (value) => pathProblem(value, "hls_path", STREAM_PLACEHOLDERS, ["stream"]),
    }),
    hls_ts_file: text({
      default: "[app]/[stream]-[seq].ts",
      type: "a path below hls_path, with the placeholders [vhost] [app] [stream] [seq] [duration] [timestamp] and [2006] [01] [02] [15] [04] [05] [999]",
      doc: "The file of a segment: [seq] is its number, [duration] ms, [timestamp] the Unix ms of its first packet, and the others parts of that date, UTC.",
      reload: { restart: KEEPS_NUMBERS },
      problem: (value) => pathProblem(value, "hls_path", SEGMENT_PLACEHOLDERS, ["stream", "seq"]),
    }),
    hls_fmp4_file: text({
      default: "[app]/[stream]-[seq].m4s",
      type: "as hls_ts_file",
      doc: "The file of a segment in fragmented MP4, with the placeholders of hls_ts_file.",
      reload: { restart: KEEPS_NUMBERS },
      problem: (value) => pathProblem(value, "hls_path", SEGMENT_PLACEHOLDERS, ["stream", "seq"]),
    }),
    hls_init_file: text({
      default: "[app]/[stream]-[hash].mp4",
      type: "a path below hls_path, with the placeholders [vhost] [app] [stream] [hash]",
      doc: "The file of an init segment in fragmented MP4; [hash] is another one for each content. Without it the file is written over when codecs change, and older segments can't be played.",
      reload: { restart: KEEPS_NUMBERS },
      problem: (value) => pathProblem(value, "hls_path", INIT_PLACEHOLDERS, ["stream"]),
    }),
    hls_cleanup: flag({
      default: true,
      doc: "Whether segments' files are deleted when nobody may ask for them any more.",
      reload: { restart: KEEPS_NUMBERS },
    }),
    ...encryptionKeys,
    ...variantKeys,
  },
);

/** The HLS table of a vhost, complete. */
export type HlsConfig = ValueOf<Table<typeof hlsTable.entries>>;
