import { PART_PARAM, SESSION_PARAM, VARIANT_PARAM } from "./address.ts";

/** What the link to a variant, or to a part of it, has behind the question mark. */
export type QueryOf = (suffix: string, part: string | undefined) => string;

/**
 * What the links of a viewer's playlists have behind the question mark: their own parameters, the session, and which variant and which
 * part of it they are for.
 */
export function linkQuery(
  query: string,
  token: string | undefined,
  variant: string | undefined,
  part: string | undefined,
): string {
  const session = token === undefined ? "" : `${SESSION_PARAM}=${token}`;
  const of = variant === undefined ? "" : `${VARIANT_PARAM}=${variant}`;
  const partParam = part === undefined ? "" : `${PART_PARAM}=${part}`;
  return [query, session, of, partParam].filter((text) => text !== "").join("&");
}
