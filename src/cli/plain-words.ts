/**
 * A command line in this program's own spelling, for words that other programs take: `help`, `help COMMAND`, `version`, `-V`, and a
 * configuration file without `--conf`.
 */
export function plainWords(argv: readonly string[]): readonly string[] {
  const [first = "", second = ""] = argv;
  if (first === "help") return [...argv.slice(1).filter((word) => !word.startsWith("-")), "--help"];
  if ((first === "version" || first === "-V") && argv.length === 1) return ["--version"];
  if (looksLikeFile(first)) return ["--conf", ...argv];
  return takesOneFile.has(first) && looksLikeFile(second) ? [first, "--conf", ...argv.slice(1)] : argv;
}

/** The hint for a command of other servers, to stand after a colon; undefined for any other word. */
export function otherServersWord(word: string): string | undefined {
  return otherServersWords.get(word);
}

/** Words after which a file can only be the configuration. */
const takesOneFile: ReadonlySet<string> = new Set(["-t", "--test", "check", "reload", "upgrade", "status", "top"]);

const otherServersWords: ReadonlyMap<string, string> = new Map([
  ["start", "srs --conf FILE starts the server"],
  ["run", "srs --conf FILE starts the server"],
  ["serve", "srs --conf FILE starts the server"],
  ["stop", "SIGTERM stops the server: kill PID, or systemctl stop srs@NAME"],
  ["quit", "SIGQUIT stops the server when its last connection has ended: kill -QUIT PID"],
  ["restart", "systemctl restart srs@NAME, or srs upgrade --conf FILE, which disconnects nobody"],
  ["test", "srs -t --conf FILE tests the configuration"],
]);

/** No command has a dot or a slash in its name. */
export function looksLikeFile(word: string): boolean {
  return word === "-" || (!word.startsWith("-") && /[./]/.test(word));
}
