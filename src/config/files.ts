import { UserError } from "../base/errors.ts";
import { list } from "./key.ts";
import { show } from "./show.ts";

/** A key that is a list of files to read, live, empty by default. */
export function files(options: {
  readonly type: string;
  readonly doc: string;
  readonly example: string | readonly string[];
  /** One file may serve several others: then it has the same index in the list. */
  readonly mayRepeat?: boolean;
}) {
  const { mayRepeat = false, ...rest } = options;
  return list<string>({
    ...rest,
    default: [],
    reload: "live",
    parse: readPath,
    toToml: (path) => path,
    resource: (path) => ({ kind: "file", path, use: "read" }),
    identity: (path) => (mayRepeat ? undefined : path),
  });
}

function readPath(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new UserError(`must be the path of a file, not ${show(value)}`);
}
