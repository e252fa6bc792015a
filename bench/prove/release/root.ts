// A fresh Debian in a folder, entered by namespaces: its processes, mounts and ports are its own.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../scripts/release/must.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { owned, scratchFolder } from "../../command.ts";

/** Without systemd; with systemd as process 1; or with Docker's daemon as process 1, and Podman. */
export type Variant = "minimal" | "systemd" | "engines";

/** The parts of a variant. */
interface System {
  readonly suite: "bookworm" | "trixie";
  /** Packages besides Debian's minimum. */
  readonly include: readonly string[];
  /** The command of process 1. */
  readonly init: readonly string[];
  /** A script that succeeds when the system is up. */
  readonly ready: string;
}

const SYSTEMS: Readonly<Record<Variant, System>> = {
  minimal: {
    suite: "bookworm",
    include: ["rpm"],
    init: ["/bin/sh", "-c", "while :; do sleep 1; done"],
    ready: "[ -d /proc/1 ]",
  },
  systemd: {
    suite: "bookworm",
    include: ["systemd-sysv", "dbus", "rpm"],
    init: ["/lib/systemd/systemd", "--system", "--unit=basic.target", "--show-status=no"],
    ready: "systemctl is-system-running | grep -qx running",
  },
  engines: {
    suite: "trixie",
    include: [
      ...["docker.io", "docker-cli", "docker-buildx", "docker-compose", "iptables"],
      ...["podman", "crun", "netavark", "aardvark-dns", "nftables"],
    ],
    init: ["/bin/sh", "-c", "exec dockerd > /var/log/docker.log 2>&1"],
    ready: "docker info",
  },
};
const CACHE = join(import.meta.dir, "../../../dist/prove");
const NAMESPACES = ["--mount", "--pid", "--ipc", "--uts", "--net", "--cgroup"] as const;
/** Mounts what a container has, then starts process 1. */
const ENTER = `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs sys
mkdir -p sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
ip link set lo up
shift
# Not chroot: the kernel gives processes of a chroot no user namespaces, which the unit asks for.
mkdir -p .outside
pivot_root . .outside
cd /
umount -l .outside
rmdir .outside
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"`;

/** A script's status and its output, stdout and stderr together. */
export interface Ran {
  readonly status: number;
  readonly said: string;
}

/** A running system, which ends when it is disposed of. */
export class Root implements Disposable {
  readonly folder: string;
  readonly #pid: number;
  readonly #end: () => void;

  private constructor(folder: string, pid: number, end: () => void) {
    this.folder = folder;
    this.#pid = pid;
    this.#end = end;
  }

  /** Unpacks a system and starts its process 1. Throws if this machine can't, as it needs root and debootstrap. */
  static async start(variant: Variant): Promise<Root> {
    const base = await baseOf(variant);
    const folder = scratchFolder(`root-${variant}`);
    await must(["tar", "-xf", base, "-C", folder]);
    const command = ["unshare", ...NAMESPACES, "--fork", "--kill-child", "sh", "-c", ENTER, "sh", folder];
    const holder = owned(
      Bun.spawn([...command, ...SYSTEMS[variant].init], { stdin: "ignore", stdout: "ignore", stderr: "pipe" }),
    );
    const pid = () => {
      const children = `/proc/${holder.pid}/task/${holder.pid}/children`;
      return existsSync(children) ? Number(readFileSync(children, "utf8").trim() || 0) : 0;
    };
    await until("the system's first process is there", () => pid() > 0);
    const root = new Root(folder, pid(), () => holder.kill("SIGKILL"));
    const { ready } = SYSTEMS[variant];
    await until(
      "the system is up",
      async () => (await root.run(`[ -e /etc/debian_version ] && ${ready}`)).status === 0,
    );
    return root;
  }

  /** Runs a shell script as root in the system. */
  async run(script: string): Promise<Ran> {
    const enter = ["nsenter", "-t", String(this.#pid), "-m", "-p", "-i", "-u", "-n", "-C", "-r", "-w"];
    const clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"];
    const child = Bun.spawn([...enter, ...clean, "sh", "-c", `exec 2>&1\n${script}`], {
      stdin: "ignore",
      stderr: "ignore",
    });
    const said = await child.stdout.text();
    return { status: await child.exited, said: said.trim() };
  }

  /** The beginning of a command that runs a program of this machine in the system's network. */
  get network(): readonly string[] {
    return ["nsenter", "-t", String(this.#pid), "-n"];
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

/** The archive of a variant's fresh system; debootstrap makes it the first time. */
async function baseOf(variant: Variant): Promise<string> {
  const path = join(CACHE, `debian-${variant}.tar`);
  if (existsSync(path)) return path;
  if (Bun.which("debootstrap") === null) throw new Error("debootstrap is not installed: apt-get install debootstrap");
  mkdirSync(CACHE, { recursive: true });
  const aside = mkdtempSync(join(CACHE, ".debootstrap-"));
  try {
    const folder = join(aside, "root");
    console.log(`making a Debian with debootstrap, once: ${path}`);
    const { suite, include } = SYSTEMS[variant];
    await must(["debootstrap", "--variant=minbase", `--include=${include}`, suite, folder]);
    await must(["tar", "-cf", join(aside, "tar"), "-C", folder, "--exclude=./var/cache/apt", "."]);
    renameSync(join(aside, "tar"), path);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return path;
}
