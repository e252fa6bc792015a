/** A Content-Security-Policy that allows what is listed, and nothing else. */
export function contentPolicy(sources: Readonly<Record<string, readonly string[]>>): string {
  const listed = Object.entries({
    "default-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    ...sources,
  });
  return listed.map(([directive, values]) => [directive, ...values].join(" ")).join("; ");
}
