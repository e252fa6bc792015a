// Completions for the three shells, from the commands' declarations.
import type { FlatCommand, Option } from "./commands.ts";

/** For bash: words after the words so far, files after --conf and --file. */
export function bashCompletion(commands: readonly FlatCommand[]): string {
  const cases = commands.map(({ words, options }) => {
    const names = options.flatMap(({ name, short }) => [...(short === undefined ? [] : [`-${short}`]), `--${name}`]);
    return `    "${words.join(" ")}") options="${names.join(" ")}" ;;`;
  });
  const nexts = nextWords(commands).map(([before, after]) => `    "${before}") commands="${after.join(" ")}" ;;`);
  return `# bash completion for srs
_srs() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" options="" commands="" each
  case "$before" in
    ${fileOptions(commands).join("|")}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $each" in
      ${prefixes(commands)
        .map((prefix) => `" ${prefix}"`)
        .join("|")}) path="$each" ;;
      ${prefixes(commands)
        .filter((prefix) => prefix.includes(" "))
        .map((prefix) => `"${prefix}"`)
        .join("|")}) path="$path $each" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "$path" in
${nexts.join("\n")}
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))
  else COMPREPLY=($(compgen -W "$commands" -- "$word") $(compgen -f -- "$word")); fi
}
complete -o filenames -F _srs srs
`;
}

/** For zsh. */
export function zshCompletion(commands: readonly FlatCommand[]): string {
  const cases = commands.map(({ words, options }) => {
    return `    "${words.join(" ")}") _arguments -s ${options.map(zshOption).join(" ")} '*:file:_files' ;;`;
  });
  const nexts = nextWords(commands).map(([before, after]) => `    "${before}") next=(${after.join(" ")}) ;;`);
  return `#compdef srs
_srs() {
  local name="" each
  local -a next
  for each in "\${(@)words[2,CURRENT-1]}"; do
    case "$name $each" in
${prefixes(commands)
  .map((prefix) => {
    const whole = prefix.includes(" ") ? prefix : ` ${prefix}`;
    return `      "${whole}") name="${prefix}" ;;`;
  })
  .join("\n")}
    esac
  done
  case "$name" in
${nexts.join("\n")}
  esac
  [[ "$PREFIX" != -* ]] && (( $#next )) && compadd -a next
  case "$name" in
${cases.join("\n")}
  esac
}
_srs "$@"
`;
}

/** For fish. */
export function fishCompletion(commands: readonly FlatCommand[]): string {
  const lines = commands.flatMap(({ words, options, does }) => {
    const when =
      words.length === 0
        ? "__fish_use_subcommand"
        : words.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    const before = words.slice(0, -1);
    const word = words.at(-1);
    const offer = before.length === 0 ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${before.join(" ")}`;
    return [
      ...(word === undefined ? [] : [`complete -c srs -n "${offer}" -a ${word} -d ${quoted(does)}`]),
      ...options.map(({ name, short, value, does: what }) => {
        const flag = short === undefined ? "" : ` -s ${short}`;
        return `complete -c srs -n "${when}"${flag} -l ${name}${value === undefined ? "" : " -r"} -d ${quoted(what)}`;
      }),
    ];
  });
  const sets = [...new Set(commands.flatMap(({ words }) => (words.length > 1 ? [words[0] ?? ""] : [])))];
  return `# fish completion for srs\n${[...sets.map((set) => `complete -c srs -n "__fish_use_subcommand" -a ${set}`), ...lines].join("\n")}\n`;
}

/** The words that may follow some words, "" for none yet. */
function nextWords(commands: readonly FlatCommand[]): [string, string[]][] {
  const next = new Map<string, Set<string>>();
  for (const { words } of commands)
    for (const [at, word] of words.entries()) {
      const before = words.slice(0, at).join(" ");
      next.set(before, (next.get(before) ?? new Set()).add(word));
    }
  next.get("")?.add("help").add("version");
  return [...next].map(([before, after]) => [before, [...after]]);
}

/** All beginnings of commands: "bench", "bench play". */
function prefixes(commands: readonly FlatCommand[]): string[] {
  return [...new Set(commands.flatMap(({ words }) => words.map((_, at) => words.slice(0, at + 1).join(" "))))];
}

function fileOptions(commands: readonly FlatCommand[]): string[] {
  const options = commands.flatMap((command) => command.options).filter(({ value }) => value === "FILE");
  return [
    ...new Set(options.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])])),
  ];
}

function zshOption({ name, short, value, does }: Option): string {
  const text = does.replaceAll(/[[\]:]/g, (found) => `\\${found}`).replaceAll("'", "’");
  const end = value === undefined ? "" : `:${value}:${value === "FILE" ? "_files" : ""}`;
  const long = `'--${name}[${text}]${end}'`;
  return short === undefined ? long : `'-${short}[${text}]${end}' ${long}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
