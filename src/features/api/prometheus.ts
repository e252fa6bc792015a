/** Labels of a sample, by name. */
export type Labels = Readonly<Record<string, string>>;

const encoder = new TextEncoder();

/** Writes the text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/. */
export class PrometheusText {
  readonly #lines: string[] = [];
  /** A stream has the same labels in each of its families. */
  readonly #written = new Map<Labels, string>();

  /** A number that goes up and down. */
  gauge(name: string, help: string, samples: number | Iterable<readonly [Labels, number]>): void {
    this.#family(name, "gauge", help, samples);
  }

  /** A number that only grows; its name ends in `_total`. */
  counter(name: string, help: string, samples: number | Iterable<readonly [Labels, number]>): void {
    this.#family(name, "counter", help, samples);
  }

  /** How often each size came: `counts` has one number for each bound, and one for what is larger. */
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
    return encoder.encode(`${this.#lines.join("\n")}\n`);
  }

  #family(name: string, type: string, help: string, samples: number | Iterable<readonly [Labels, number]>): void {
    this.#head(name, type, help);
    if (typeof samples === "number") this.#sample(name, {}, samples);
    else for (const [labels, value] of samples) this.#sample(name, labels, value);
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(
      `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
      `# TYPE ${name} ${type}`,
    );
  }

  #sample(name: string, labels: Labels, value: number): void {
    let written = this.#written.get(labels);
    if (written === undefined) {
      const all = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      written = all.length > 0 ? `{${all.join(",")}}` : "";
      this.#written.set(labels, written);
    }
    this.#lines.push(`${name}${written} ${value}`);
  }
}

function escaped(text: string): string {
  if (!/[\\"\n]/.test(text)) return text.toWellFormed();
  return text.toWellFormed().replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
