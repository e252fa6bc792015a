/**
 * A command line in the program's own spelling, where people write what other programs take: `help`, `help COMMAND`, `version`,
 * and a configuration file without `--conf`.
 */
export function plainWords(argv: readonly string[]): readonly string[] {
  const [first = "", ...rest] = argv;
  if (first === "help") return [...rest.filter((word) => !word.startsWith("-")), "--help"];
  if (first === "version" && rest.length === 0) return ["--version"];
  return looksLikeFile(first) ? ["--conf", ...argv] : argv;
}

/** No command has a dot or a slash in its name. */
function looksLikeFile(word: string): boolean {
  return word === "-" || (!word.startsWith("-") && /[./]/.test(word));
}
