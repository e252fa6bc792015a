import { UserError } from "../../base/errors.ts";
import { list } from "../../config/key.ts";
import { show } from "../../config/show.ts";

const SUFFIX = /^[\w.-]{1,64}$/;

/** The keys of `[vhost.NAME.hls]` for streams that belong together. */
export const variantKeys = {
  hls_variants: list<string>({
    default: [],
    type: 'endings of names, such as "_hd"',
    doc: "Streams that are variants of each other: the playlist of live/show lists live/show_hd, too, and players choose.",
    example: ["_hd", "_sd"],
    reload: "live",
    parse(value) {
      if (typeof value === "string" && SUFFIX.test(value)) return value;
      throw new UserError(`must be what a stream's name ends with, not ${show(value)}`);
    },
    toToml: (suffix) => suffix,
    identity: (suffix) => suffix,
  }),
};
