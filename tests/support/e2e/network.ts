import { chmodSync } from "node:fs";
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

/** A network namespace as another host, with a link to this one; it goes with the test. */
export class OtherHost {
  /** Its address, from here, and this host's, from there. */
  readonly address: string;
  readonly here: string;
  readonly #stage: Stage;
  readonly #name = `srs${process.pid}`;

  constructor(stage: Stage) {
    // Of the range for tests of networks (RFC 2544).
    const net = `198.18.${process.pid % 251}`;
    this.address = `${net}.2`;
    this.here = `${net}.1`;
    this.#stage = stage;
    this.#do("netns", "add", this.#name);
    stage.defer(() => ip("netns", "del", this.#name));
    this.#link("veth0", `sv${process.pid}`, net);
  }

  /** Adds a link that is never cut; the host's address on it. */
  addLink(): string {
    const net = `198.19.${process.pid % 251}`;
    this.#link("veth1", `sw${process.pid}`, net);
    return `${net}.2`;
  }

  /** A program there with the arguments that it is given, in the place of an executable. */
  executable(): string {
    const path = this.#stage.write(
      `on-${this.#name}`,
      `#!/bin/sh\nexec ip netns exec ${this.#name} ${executable()} "$@"\n`,
    );
    chmodSync(path, 0o755);
    return path;
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

  /** The cable is back. */
  join(): void {
    this.#do("-n", this.#name, "link", "set", "veth0", "up");
  }

  /** `there` and `here` are the names of its ends. */
  #link(there: string, here: string, net: string): void {
    const name = this.#name;
    // The namespace lives on while a program runs there; the link need not.
    this.#stage.defer(() => ip("link", "del", here));
    this.#do("link", "add", here, "type", "veth", "peer", "name", there, "netns", name);
    this.#do("addr", "add", `${net}.1/30`, "dev", here);
    this.#do("link", "set", here, "up");
    this.#do("-n", name, "addr", "add", `${net}.2/30`, "dev", there);
    this.#do("-n", name, "link", "set", there, "up");
  }

  #do(...args: readonly string[]): void {
    const { ok, said } = ip(...args);
    if (!ok) throw new Error(`ip ${args.join(" ")}: ${said}`);
  }
}
