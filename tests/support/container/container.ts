import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../e2e/program.ts";
import type { Stage } from "../e2e/stage.ts";
import { until } from "../e2e/wait.ts";
import type { Image } from "./image.ts";

/** Mounts of the image: read-only, a /proc and four devices, volumes from a folder; then its process as number 1. */
const ENTER = `set -e
folder=$1 kept=$2 volumes=$3
shift 3
mount --make-rprivate /
mount --bind "$folder" "$folder"
cd "$folder"
mount -t proc proc proc
mount -t tmpfs tmpfs dev
for each in null zero random urandom; do touch "dev/$each"; mount --bind "/dev/$each" "dev/$each"; done
for each in $volumes; do mount --bind "$kept$each" ".$each"; done
mount -o remount,bind,ro .
ip link set lo up
exec "$@"`;
const NAMESPACES = ["--mount", "--pid", "--ipc", "--uts"] as const;

/** How a container is started. */
export interface ContainerOptions {
  /** In place of the image's CMD. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Has the volumes of a container that has ended. */
  readonly kept?: string;
  /** The beginning of a command that enters another network; without it the container has one of its own. */
  readonly network?: readonly string[];
}

/**
 * A container of an image, as an engine runs it with a read-only root: namespaces, the image's user without any right, process 1,
 * and no variables but the image's. It ends with the test.
 */
export class Container {
  readonly program: Program;
  /** Has its volumes. */
  readonly kept: string;
  readonly #image: Image;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(image: Image, program: Program, env: Readonly<Record<string, string>>, kept: string) {
    this.#image = image;
    this.kept = kept;
    this.program = program;
    this.#env = env;
  }

  /** Resolves when its program runs. Fails when it ends before. */
  static async start(stage: Stage, name: string, image: Image, options: ContainerOptions = {}): Promise<Container> {
    const { command = image.cmd, network, kept = makeVolumes(stage, image) } = options;
    const env = { ...image.env, ...options.env };
    const namespaces = [...NAMESPACES, ...(network === undefined ? ["--net"] : [])];
    const enter = ["unshare", ...namespaces, "--fork", "--kill-child", "sh", "-c", ENTER, "sh"];
    const mounts = [image.folder, kept, image.volumes.join(" ")];
    const variables = [found("env"), "-i", ...Object.entries(env).map((pair) => pair.join("="))];
    const asUser = [found("setpriv"), "--no-new-privs", found("chroot"), `--userspec=${image.user}`, "--groups=", "."];
    const first = [...image.entrypoint, ...command];
    const program = stage.start(name, [...(network ?? []), ...enter, ...mounts, ...variables, ...asUser, ...first]);
    const container = new Container(image, program, env, kept);
    // --kill-child does not hold for a process that has changed its user.
    stage.defer(() => container.#kill());
    // One that has ended at once has its reason in its lines.
    await until(`${name} runs its program`, () => !program.running || container.#runs());
    return container;
  }

  /** Runs a program of the image in it, as `docker exec` does; what it says, and its status. */
  async exec(command: readonly string[]): Promise<{ readonly status: number; readonly said: string }> {
    const [user = "0", group = "0"] = this.#image.user.split(":");
    const asUser = ["-r", "-w", "-S", user, "-G", group];
    const child = Bun.spawn([...this.#enter(), ...asUser, ...command], {
      env: { ...this.#env },
      stdin: "ignore",
      stderr: "pipe",
    });
    const [out, err, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { status, said: (out + err).trim() };
  }

  /** The image's health check. */
  health(): ReturnType<Container["exec"]> {
    return this.exec(this.#image.healthcheck);
  }

  /** Sends a signal to its first process, as `docker stop` and `docker kill` do. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.#pid(), name);
  }

  /** Gives its first process a child that has lost its parent and ends when the parent has. */
  orphan(): void {
    // Programs of this machine: the image has no shell.
    Bun.spawnSync([...this.#enter(), "sh", "-c", "while kill -0 $$; do sleep 0.01; done > /dev/null 2>&1 &"]);
  }

  /** The children of its first process, by name and state, such as `sleep Z` for a zombie. */
  children(): string[] {
    const first = String(this.#pid());
    return readdirSync("/proc").flatMap((pid) => {
      const status = /^\d+$/.test(pid) ? textOf(`/proc/${pid}/status`) : "";
      const [, name, state] = /^Name:\t(.*)[\s\S]*^State:\t(\w)/m.exec(status) ?? [];
      return /^PPid:\t(\d+)$/m.exec(status)?.[1] === first ? [`${name} ${state}`] : [];
    });
  }

  #kill(): void {
    const first = this.#pid();
    if (first > 0) process.kill(first, "SIGKILL");
  }

  #enter(): string[] {
    return ["nsenter", "-t", String(this.#pid()), "-m", "-p", "-n", "-i", "-u"];
  }

  /** Its first process, as this machine numbers it; 0 before there is one. */
  #pid(): number {
    const children = `/proc/${this.program.pid}/task/${this.program.pid}/children`;
    return existsSync(children) ? Number(readFileSync(children, "utf8").trim() || 0) : 0;
  }

  #runs(): boolean {
    const pid = this.#pid();
    return pid > 0 && textOf(`/proc/${pid}/cmdline`).startsWith(`${this.#image.entrypoint[0]}\0`);
  }
}

/** Volumes as an engine makes them: with what the image has there, owned as it is there. */
function makeVolumes(stage: Stage, { folder, volumes }: Image): string {
  const kept = mkdtempSync(stage.path("volumes-"));
  for (const volume of volumes) {
    const { uid, gid } = statSync(join(folder, volume));
    mkdirSync(join(kept, volume), { recursive: true });
    chownSync(join(kept, volume), uid, gid);
  }
  return kept;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // the process has ended since
  }
}

function found(program: string): string {
  return Bun.which(program) ?? program;
}
