import { choice } from "../../config/key.ts";
import type { Table, ValueOf } from "../../config/table.ts";

/** The director's keys of a vhost. */
export const directorKeys = {
  director: choice(["off", "redirect", "proxy"], {
    default: "off",
    doc: 'Where viewers of a node of [cluster] are served. "off": here. "redirect": by the node with most room; those that follow no redirect are served here. "proxy": here, but GET /api/v1/director and HLS playlists name other nodes. With "redirect" and "proxy", servers that fetch are sent to the node with the publisher.',
    reload: "live",
  }),
} as const;

/** A vhost's director. */
export type DirectorConfig = ValueOf<Table<typeof directorKeys>>;
