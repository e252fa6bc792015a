import type { Finding } from "../proof.ts";
import type { Ran, Root } from "./root.ts";

/** Collects the findings in a system. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #root: Root;

  constructor(root: Root) {
    this.#root = root;
  }

  /** Runs a script that must end with status 0 and print what `expected` matches. */
  async run(what: string, script: string, expected = /(?:)/): Promise<Ran> {
    const ran = await this.#root.run(script);
    this.add(what, ran.status === 0 && expected.test(ran.said), ran);
    return ran;
  }

  /** Runs a script that must fail and print what `expected` matches. */
  async fails(what: string, script: string, expected: RegExp): Promise<void> {
    const ran = await this.#root.run(script);
    this.add(what, ran.status !== 0 && expected.test(ran.said), ran);
  }

  add(what: string, ok: boolean, { status, said }: Ran): void {
    const words = said
      .split("\n")
      .slice(ok ? -1 : -8)
      .join(" | ")
      .slice(0, ok ? 160 : 1200);
    this.list.push({ what, ok, seen: `status ${status}${words === "" ? "" : `, ${words}`}` });
  }
}
