// The man page srs(1), from the commands' declarations.
import type { FlatCommand, Option } from "./commands.ts";

/** The page as troff. `date` is YYYY-MM-DD. */
export function manPage(commands: readonly FlatCommand[], version: string, date: string): string {
  return `${[
    `.TH SRS 1 ${date} "srs ${version}" "User Commands"`,
    ".SH NAME",
    "srs \\- RTMP server for live clusters",
    ".SH SYNOPSIS",
    ...commands.flatMap(({ call }, at) => [...(at === 0 ? [] : [".br"]), `.B ${escaped(call)}`]),
    ".SH DESCRIPTION",
    "A publisher sends a stream once; the origin forwards it to every edge, and players watch any of them, by RTMP or HTTP.",
    "Without a configuration the server runs on its defaults and prints what to publish to and play from.",
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH SIGNALS",
    ...signals.flatMap(([signal, does]) => [".TP", `.B ${signal}`, escaped(does)]),
    ".SH EXIT STATUS",
    "0 when all went well, 1 for a mistake or a failure, 2 where a check found problems.",
    ".SH FILES",
    ".TP",
    ".I /etc/srs/NAME.toml",
    "The configuration of the unit srs@NAME.service.",
    ".TP",
    ".I /usr/share/doc/srs/examples",
    "Examples; full.toml has every key.",
    ".SH SEE ALSO",
    ".BR systemctl (1),",
    ".BR ffmpeg (1)",
  ].join("\n")}\n`;
}

const signals: readonly (readonly [string, string])[] = [
  ["SIGTERM, SIGINT", "stop the server"],
  ["SIGQUIT", "accept no new connections, and stop when the last one has ended"],
  ["SIGHUP", "load the changed configuration; upgrade if the program's file was replaced"],
  ["SIGUSR1", "open the log's file again"],
  ["SIGUSR2", "start the program's file in the running one's place; nobody is disconnected"],
];

function commandLines({ call, does, options }: FlatCommand): string[] {
  return [`.SS ${escaped(call)}`, `${escaped(does)}.`, ...options.flatMap(optionLines)];
}

function optionLines({ name, short, value, does }: Option): string[] {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map((each) => `\\fB${escaped(each)}\\fR`);
  return [".TP", names.join(", ") + (value === undefined ? "" : ` \\fI${escaped(value)}\\fR`), `${escaped(does)}.`];
}

/** Text that troff prints as it is. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...").replaceAll("'", "\\(aq");
  return plain.startsWith(".") ? `\\&${plain}` : plain;
}
