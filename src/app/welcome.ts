import type { ListenAddress } from "../base/address.ts";

const DEFAULT_PORT = 1935;

/** What to do with a server that was started without a configuration, one line each. */
export function welcome({ listen: [first] }: { readonly listen: readonly ListenAddress[] }): readonly string[] {
  const port = first?.port ?? DEFAULT_PORT;
  const url = `rtmp://127.0.0.1${port === DEFAULT_PORT ? "" : `:${port}`}/live/livestream`;
  return [
    "",
    "  No configuration was given: this server runs on the defaults. srs --help says how to give one.",
    `  Publish to  ${url}`,
    `  Play from   ${url}`,
    "  Other machines write this machine's address in place of 127.0.0.1. Stop with Ctrl-C.",
    "",
  ];
}
