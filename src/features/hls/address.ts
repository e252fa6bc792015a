import { paramsBeside } from "../../base/params.ts";
import type { HttpRequest } from "../../http/request.ts";
import { resolve, type StreamAddress } from "../../rtmp/address.ts";
import type { ListPosition } from "./blocked-requests.ts";
import { DIRECTIVE_PARAMS } from "./directives.ts";
import type { SegmentKey } from "./segment.ts";

/** The parameter with the token of the viewer's session, in links to media playlists. */
export const SESSION_PARAM = "hls_ctx";

/** The parameter that says which variant a link is for: the ending of the variant's name. */
export const VARIANT_PARAM = "hls_variant";

/** The parameter that says which part of a stream a link is for: a rendition's id. */
export const PART_PARAM = "hls_part";

const PLAYLIST = /^\/(?:(.*)\/)?([^/]+)\.m3u8$/;
/**
 * An epoch's id, the lengths of fragments (s) and parts (ms), the number and the rendition's id; then 8 digits of the key's id for an
 * encrypted segment, and 8 random ones for a damaged segment.
 */
const SEGMENT =
  /^\/(?:.*\/)?[^/]+\/([0-9a-f]{32}-\d{1,2}(?:p\d{3,4})?-\d{1,15}(?:-v|-a\d{1,3})?(?:-[0-9a-f]{8}){0,2}\.(?:ts|m4s))$/;
/** The same with a part's index. */
const PART =
  /^\/(?:.*\/)?[^/]+\/([0-9a-f]{32}-\d{1,2}p\d{3,4}-(\d{1,15})(?:-v|-a\d{1,3})?\.(\d{1,4})(?:-[0-9a-f]{8}){0,2}\.m4s)$/;
/** An epoch's id, and the key's. */
const KEY = /^\/(?:(.*)\/)?([^/]+)\/([0-9a-f]{32}-[0-9a-f]{16}\.key)$/;
/** An epoch's id, and a hash of the content. */
const INIT = /^\/(?:.*\/)?[^/]+\/([0-9a-f]{32}-[0-9a-f]{16}\.mp4)$/;
/** Query parameters that guards and other servers do not need. */
const OWN_PARAMS = [SESSION_PARAM, VARIANT_PARAM, PART_PARAM, ...DIRECTIVE_PARAMS];
const TOKEN = /^[0-9a-f]{32}$/;

/** A request for a stream's playlist, or for a key that the playlist names. */
export interface PlaylistAddress extends StreamAddress {
  /** The key's name. */
  readonly key: string | undefined;
  /** The session's token; undefined without a valid one. */
  readonly token: string | undefined;
  /** The variant's ending; undefined where the link names none. */
  readonly variant: string | undefined;
  /** The rendition's id; undefined where the link names none. */
  readonly part: string | undefined;
  /** All of the query but the token, the variant, the rendition and delivery directives, without a question mark. */
  readonly query: string;
}

/**
 * The playlist or key that a path `/app/stream.m3u8` or `/app/stream/ID-KEY.key` asks for; undefined for any other path, the reason as a
 * text for names that no stream has.
 */
export function playlistAddress({ path, query, host }: HttpRequest): PlaylistAddress | string | undefined {
  const [, app = "", stream = "", key] = PLAYLIST.exec(path) ?? KEY.exec(path) ?? [];
  if (stream === "") return undefined;
  const others = paramsBeside(OWN_PARAMS, query);
  const authority = host === "" ? "_" : host;
  // Names stand in the path, where RTMP's spellings have no meaning.
  if (/[?#]/.test(path)) return "a name with ? or # in it";
  const found = resolve(`http://${authority}/${app}`, app, `${stream}?${others}`);
  return found.ok
    ? {
        ...found.address,
        key,
        token: tokenOf(query),
        variant: paramOf(VARIANT_PARAM, query),
        part: paramOf(PART_PARAM, query),
        query: others,
      }
    : found.reason;
}

/** The file that a path `/app/stream/ID-FRAGMENT-NUMBER.ts` (or `.m4s`) asks for; undefined for any other path. */
export function segmentFile(path: string): string | undefined {
  return SEGMENT.exec(path)?.[1];
}

/** The file name of a key of an epoch's segments. */
export function keyName(epoch: string, { id }: Pick<SegmentKey, "id">): string {
  return `${epoch}-${id}.key`;
}

/** A part's file, and where it stands in the list. */
export interface PartAddress {
  readonly file: string;
  readonly position: Required<ListPosition>;
}

/** The part that a path `/app/stream/ID-FRAGMENTpPART-NUMBER.INDEX.m4s` asks for, or with a rendition's id behind the number; undefined for any other path. */
export function partAddress(path: string): PartAddress | undefined {
  const [, file, number, index] = PART.exec(path) ?? [];
  return file === undefined ? undefined : { file, position: { msn: Number(number), part: Number(index) } };
}

/** What the names of all parts of a stream, or of a rendition, share during an epoch: epoch, lengths and rendition. */
export function partsStreamOf(file: string): string {
  const [epoch, lengths, , ...rendition] = file.slice(0, file.indexOf(".")).split("-");
  return [epoch, lengths, ...rendition].join("-");
}

/** The file that a path `/app/stream/ID-HASH.mp4` asks for; undefined for any other path. */
export function initFile(path: string): string | undefined {
  return INIT.exec(path)?.[1];
}

function tokenOf(query: string): string | undefined {
  const token = paramOf(SESSION_PARAM, query);
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}

function paramOf(name: string, query: string): string | undefined {
  const pair = query.split("&").find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}
