import { integer, text } from "../../config/key.ts";

/** The keys at the top of the file that concern the process. */
export const processKeys = {
  pid: text({
    default: "",
    type: "the path of a file",
    doc: "File for the server's process id. srs reload finds the server by it, through a socket beside it whose name ends in .sock.",
    example: "/run/srs/srs.pid",
    file: "make",
    reload: { restart: "commands find the running server by it" },
  }),
  drain_timeout: integer({
    default: 3600,
    unit: "seconds",
    min: 1,
    max: 604_800,
    doc: "How long existing connections may stay after SIGQUIT, which makes the server refuse new ones.",
    reload: "live",
  }),
} as const;
