/** Labels of a sample, by name. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Samples of one metric whose labels never change. A server has thousands of them, and few numbers differ between two scrapes: the lines
 * are written again only when a number has changed.
 */
export class Series {
  readonly #heads: readonly string[];
  #values: readonly number[] = [];
  #lines = "";

  constructor(name: string, labels: readonly Labels[]) {
    this.#heads = labels.map((each) => `${name}${written(each)} `);
  }

  /** The lines, with one number for each set of labels. `values` is kept, so the caller must not change it afterwards. */
  lines(values: readonly number[]): string {
    if (this.#lines === "" || !areEqual(values, this.#values)) {
      this.#values = values;
      this.#lines = "";
      for (const [at, head] of this.#heads.entries()) this.#lines += `${head}${values[at] ?? 0}\n`;
    }
    return this.#lines;
  }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** A number without labels, numbers with their labels, or lines of `Series`. */
type Samples = number | string | Iterable<readonly [Labels, number]>;

const encoder = new TextEncoder();

/** Writes the text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/. */
export class PrometheusText {
  #text = "";

  /** A number that goes up and down. */
  gauge(name: string, help: string, samples: Samples): void {
    this.#family(name, "gauge", help, samples);
  }

  /** A number that only grows; its name ends in `_total`. */
  counter(name: string, help: string, samples: Samples): void {
    this.#family(name, "counter", help, samples);
  }

  /** A distribution: `counts` has one number for each bound, and a last one for larger values. */
  histogram(name: string, help: string, bounds: readonly number[], counts: readonly number[], sum: number): void {
    this.#head(name, "histogram", help);
    let all = 0;
    for (const [at, bound] of bounds.entries()) {
      all += counts[at] ?? 0;
      this.#sample(`${name}_bucket`, { le: String(bound) }, all);
    }
    all += counts[bounds.length] ?? 0;
    this.#sample(`${name}_bucket`, { le: "+Inf" }, all);
    this.#sample(`${name}_sum`, {}, sum);
    this.#sample(`${name}_count`, {}, all);
  }

  get bytes(): Uint8Array {
    return encoder.encode(this.#text);
  }

  #family(name: string, type: string, help: string, samples: Samples): void {
    this.#head(name, type, help);
    if (typeof samples === "string") this.#text += samples;
    else if (typeof samples === "number") this.#sample(name, {}, samples);
    else for (const [labels, value] of samples) this.#sample(name, labels, value);
  }

  #head(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
  }

  #sample(name: string, labels: Labels, value: number): void {
    this.#text += `${name}${written(labels)} ${value}\n`;
  }
}

/** Labels with braces; empty without labels. */
function written(labels: Labels): string {
  const all = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return all.length > 0 ? `{${all.join(",")}}` : "";
}

function escaped(text: string): string {
  if (!/[\\"\n]/.test(text)) return text.toWellFormed();
  return text.toWellFormed().replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
