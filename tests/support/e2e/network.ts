import { executable } from "./executable.ts";
import type { Srs } from "./srs.ts";
import type { Stage } from "./stage.ts";

function ip(...args: readonly string[]): { readonly ok: boolean; readonly said: string } {
  if (Bun.which("ip") === null) return { ok: false, said: "ip is not installed" };
  const run = Bun.spawnSync(["ip", ...args]);
  return { ok: run.exitCode === 0, said: String(run.stderr).trim() };
}

/** Why this machine lets us make no network namespace joined to its own; undefined when it does. */
export function namespaceProblem(): string | undefined {
  const name = `srs${process.pid}try`;
  const made = ip("netns", "add", name);
  if (!made.ok) return made.said;
  const joined = ip("link", "add", `sv${process.pid}`, "type", "veth", "peer", "name", "veth0", "netns", name);
  ip("netns", "del", name);
  return joined.ok ? undefined : joined.said;
}

/** A network namespace as another host, with one link to this one; it goes with the test. */
export class OtherHost {
  /** Its address, from here. */
  readonly address: string;
  readonly #stage: Stage;
  readonly #name = `srs${process.pid}`;

  constructor(stage: Stage) {
    // Of the range for tests of networks (RFC 2544).
    const net = `198.18.${process.pid % 251}`;
    this.address = `${net}.2`;
    this.#stage = stage;
    const [here, name] = [`sv${process.pid}`, this.#name];
    this.#do("netns", "add", name);
    stage.defer(() => {
      // The namespace lives on while a program runs there; the link need not.
      ip("link", "del", here);
      ip("netns", "del", name);
    });
    this.#do("link", "add", here, "type", "veth", "peer", "name", "veth0", "netns", name);
    this.#do("addr", "add", `${net}.1/30`, "dev", here);
    this.#do("link", "set", here, "up");
    this.#do("-n", name, "addr", "add", `${this.address}/30`, "dev", "veth0");
    this.#do("-n", name, "link", "set", "veth0", "up");
  }

  /** Starts a server there. */
  async startSrs(name: string): Promise<Srs> {
    const conf = this.#stage.write(`${name}.toml`, `listen = "${this.address}:0"\n`);
    const command = ["ip", "netns", "exec", this.#name, executable(), "--conf", conf];
    const program = this.#stage.start(name, command);
    const listening = /listening.*rtmp"?[=:]"?[\d.]+:(\d+)/;
    const port = Number(listening.exec(await program.line(listening))?.[1]);
    return { program, port, url: (path) => `rtmp://${this.address}:${port}/${path}` };
  }

  /** The cable is pulled at its end: from here on nothing comes through, and nobody is told. */
  cut(): void {
    this.#do("-n", this.#name, "link", "set", "veth0", "down");
  }

  #do(...args: readonly string[]): void {
    const { ok, said } = ip(...args);
    if (!ok) throw new Error(`ip ${args.join(" ")}: ${said}`);
  }
}
