import { OutputFile } from "./output-file.ts";
import type { Program, ProgramOptions } from "./program.ts";
import type { Stage } from "./stage.ts";

/** Why this machine lets us make no hosts of namespaces; undefined when it does. */
export function hostsProblem(): string | undefined {
  if (Bun.which("ip") === null || Bun.which("nsenter") === null) return "ip and nsenter are not installed";
  const made = Bun.spawnSync([
    "unshare",
    "--net",
    "--mount",
    "sh",
    "-c",
    "ip link add type veth && mount -t tmpfs none /run",
  ]);
  return made.exitCode === 0 ? undefined : String(made.stderr).trim();
}

/** Hosts on one network, each a namespace with an address, ports and a /run of its own. They end with the test. */
export class Hosts {
  readonly #stage: Stage;
  readonly #holders = new Map<string, Program>();
  readonly #hub: Program;

  private constructor(stage: Stage, hub: Program) {
    this.#stage = stage;
    this.#hub = hub;
  }

  /** Makes hosts with these addresses, of one /24 network. */
  static async create(stage: Stage, addresses: readonly string[]): Promise<Hosts> {
    const hub = holder(stage, "switch", "ip link add br0 type bridge && ip link set br0 up");
    await hub.line(/^ready$/);
    const hosts = new Hosts(stage, hub);
    for (const [at, address] of addresses.entries()) await hosts.#add(address, at);
    return hosts;
  }

  async #add(address: string, at: number): Promise<void> {
    const host = holder(this.#stage, address, "ip link set lo up");
    await host.line(/^ready$/);
    const port = `port${at}`;
    must(this.#hub, `ip link add ${port} type veth peer name eth0 netns ${host.pid}`);
    must(this.#hub, `ip link set ${port} master br0 up`);
    must(host, `ip addr add ${address}/24 dev eth0 && ip link set eth0 up`);
    this.#holders.set(address, host);
  }

  /** Starts a shell's command on a host. */
  start(address: string, command: string, options: ProgramOptions): Program {
    const host = this.#of(address);
    return this.#stage.start(command, entering(host, `exec ${command}`, options.cwd), options);
  }

  /** Runs a shell's command on a host to its end. */
  async run(address: string, command: string, options: ProgramOptions): Promise<{ exitCode: number; said: string }> {
    const said = new OutputFile(this.#stage.path(`.run-${crypto.randomUUID()}`));
    const lines: string[] = [];
    const child = Bun.spawn(entering(this.#of(address), command, options.cwd), {
      stdio: ["ignore", said.descriptor, said.descriptor],
      env: { ...process.env, ...options.env },
    });
    const exitCode = await child.exited;
    said.read((line) => lines.push(line), true);
    said.close();
    return { exitCode, said: lines.join("\n") };
  }

  /** The beginning of a command that enters a host's network, and nothing else of it. */
  network(address: string): readonly string[] {
    return ["nsenter", "--target", String(this.#of(address).pid), "--net"];
  }

  #of(address: string): Program {
    const host = this.#holders.get(address);
    if (host === undefined) throw new Error(`no host ${address}`);
    return host;
  }
}

/** A process that keeps a namespace alive. */
function holder(stage: Stage, name: string, setUp: string): Program {
  const script = `mount -t tmpfs none /run && ${setUp} && echo ready && exec sleep 300`;
  return stage.start(`host ${name}`, ["unshare", "--net", "--mount", "sh", "-c", script]);
}

/** The folder is entered there, as nsenter leaves this one with the namespace. */
function entering(host: Program, command: string, folder = "/"): string[] {
  const script = 'cd "$0" && eval "$1"';
  return ["nsenter", "--target", String(host.pid), "--net", "--mount", "bash", "-c", script, folder, command];
}

function must(host: Program, command: string): void {
  const { exitCode, stderr } = Bun.spawnSync(entering(host, command));
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
}
