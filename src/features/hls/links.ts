import { PART_PARAM, SESSION_PARAM, VARIANT_PARAM } from "./address.ts";

/** Query string of the link to a variant, or to one of its renditions (`part`). */
export type QueryOf = (suffix: string, part: string | undefined) => string;

/**
 * Query string of a link in a viewer's playlist: the viewer's own parameters, the session's token, the variant's ending and the
 * rendition's id.
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
