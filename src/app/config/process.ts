import { text } from "../../config/key.ts";

/** The keys at the top of the file that concern the process. */
export const processKeys = {
  pid: text({
    default: "",
    type: "the path of a file",
    doc: "File for the server's process id. srs reload finds the server by it, through a socket beside it whose name ends in .sock.",
    example: "/run/srs/srs.pid",
    reload: { restart: "commands find the running server by it" },
  }),
} as const;
