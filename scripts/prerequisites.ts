// The programs that tests talk to. They come from the system's packages, not from npm.
import { existsSync } from "node:fs";
import { run } from "./run.ts";

interface Tool {
  /** What is missing, for people. */
  name: string;
  packages: readonly string[];
  present(): boolean;
}

const tools: readonly Tool[] = [
  {
    name: "FFmpeg",
    packages: ["ffmpeg"],
    present: () => Bun.which("ffmpeg") !== null && Bun.which("ffprobe") !== null,
  },
  {
    name: "HAProxy",
    packages: ["haproxy"],
    present: () => Bun.which("haproxy") !== null || existsSync("/usr/sbin/haproxy"),
  },
  { name: "rtmpdump", packages: ["rtmpdump"], present: () => Bun.which("rtmpdump") !== null },
  {
    name: "nginx with its RTMP module",
    packages: ["nginx", "libnginx-mod-rtmp"],
    present: () =>
      (Bun.which("nginx") !== null || existsSync("/usr/sbin/nginx")) &&
      existsSync("/usr/lib/nginx/modules/ngx_rtmp_module.so"),
  },
  {
    name: "systemd's systemd-analyze and systemd-socket-activate",
    packages: ["systemd"],
    present: () => Bun.which("systemd-analyze") !== null && Bun.which("systemd-socket-activate") !== null,
  },
  {
    name: "logrotate",
    packages: ["logrotate"],
    present: () => Bun.which("logrotate") !== null || existsSync("/usr/sbin/logrotate"),
  },
];

/**
 * Installs the missing programs where that is ours to do (root on a Debian-like system). Returns the lines to print:
 * what was installed, and what is still missing, whose tests will be skipped.
 */
export async function installPrerequisites(): Promise<string[]> {
  const lines: string[] = [];
  const before = missing();
  if (before.length > 0 && process.getuid?.() === 0 && Bun.which("apt-get") !== null) {
    const packages = before.flatMap((tool) => tool.packages);
    const apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"];
    await run("apt-update", [...apt, "update"]);
    const install = await run("apt-install", [...apt, "install", "--no-install-recommends", ...packages]);
    if (install.exitCode === 0) lines.push(`installed ${packages.join(", ")} with apt-get`);
    else lines.push(`apt-get could not install ${packages.join(", ")}: ${lastLine(install.output)}`);
  }
  const after = missing();
  if (after.length > 0) {
    const packages = after.flatMap((tool) => tool.packages);
    lines.push(
      `missing: ${after.map((tool) => tool.name).join(", ")}; the tests that need them are skipped. ` +
        `On Debian or Ubuntu: sudo apt-get install ${packages.join(" ")}`,
    );
  }
  return lines;
}

function missing(): Tool[] {
  return tools.filter((tool) => !tool.present());
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
