/** Writes lines into a definition list, and reuses its elements. */
export function drawFigures(list: HTMLElement, lines: readonly [string, string][]): void {
  while (list.children.length < lines.length * 2) {
    list.append(document.createElement("dt"), document.createElement("dd"));
  }
  for (const [at, [name, value]] of lines.entries()) {
    const [term, data] = [list.children[at * 2], list.children[at * 2 + 1]];
    if (term !== undefined && term.textContent !== name) term.textContent = name;
    if (data !== undefined && data.textContent !== value) data.textContent = value;
  }
}
