/** Which other language a file or its wrong line is in, with what TOML writes instead; undefined for an unknown one. */
export function foreignSyntax(text: string, line: string): string | undefined {
  if (/^\s*\{/.test(text)) return "this is JSON; TOML writes listen = 1935, one key a line, and tables as [log]";
  if (/^\s*rtmp\s*\{/m.test(text) || /^\s*application\s+\S+\s*\{/m.test(text))
    return "this is nginx-rtmp's syntax, which this server does not read; TOML writes listen = 1935, and [vhost.__defaultVhost__] for all applications";
  if (/[“”„‟«»]/.test(withoutStrings(line))) return 'not TOML: curly quotes are no quotes; write "…"';
  const [, key, value] = /^\s*(?:- )?"?([\w.-]+)"?\s*:(?:\s+(\S.*))?\s*$/.exec(line) ?? [];
  if (key === undefined && !/^---\s*$/.test(line)) return undefined;
  return `this is YAML; TOML writes ${value === undefined ? "[log]" : "listen = 1935"}, and needs quotes around text`;
}

function withoutStrings(line: string): string {
  return line.replaceAll(/"[^"]*"|'[^']*'/g, "");
}
