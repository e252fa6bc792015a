import { readFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dir, "../../..");

/** A service of compose.yaml, with the keys that this project's file has. */
export interface Service {
  readonly image: string;
  readonly build?: string;
  readonly pull_policy?: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly volumes?: readonly string[];
}

/** compose.yaml. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

/** The repository's compose.yaml, and its text. */
export function composeFile(): { readonly compose: Compose; readonly text: string } {
  const text = readFileSync(join(repository, "compose.yaml"), "utf8");
  return { compose: Bun.YAML.parse(text) as Compose, text };
}
