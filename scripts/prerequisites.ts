// The programs that tests talk to. They come from the system's packages, not from npm.
import { existsSync } from "node:fs";
import { lastLine, showProgress } from "./progress.ts";
import { type Finished, outputOf, run } from "./run.ts";

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
  { name: "Chromium", packages: ["chromium"], present: () => Bun.which("chromium") !== null },
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
 * Installs the missing programs where that is ours to do (root on a Debian-like system). Prints what it installs before
 * it does so, how far that is, and what is still missing, whose tests will be skipped.
 */
export async function installPrerequisites(print: (line: string) => void): Promise<void> {
  const before = missing();
  if (before.length > 0 && process.getuid?.() === 0 && Bun.which("apt-get") !== null) {
    const packages = before.flatMap((tool) => tool.packages);
    print(`installing ${packages.join(", ")} with apt-get`);
    await apt("apt-update", ["update"]);
    const install = await apt("apt-install", ["install", "--no-install-recommends", ...packages]);
    if (install.exitCode === 0) print(`installed ${packages.join(", ")}`);
    else print(`apt-get could not install ${packages.join(", ")}: ${lastLine(install.output)}`);
  }
  const after = missing();
  if (after.length === 0) return;
  const packages = after.flatMap((tool) => tool.packages);
  print(
    `missing: ${after.map((tool) => tool.name).join(", ")}; the tests that need them are skipped. ` +
      `On Debian or Ubuntu: sudo apt-get install ${packages.join(" ")}`,
  );
}

function apt(name: string, words: readonly string[]): Promise<Finished> {
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q", ...words];
  return showProgress(name, run(name, command), () => lastLine(outputOf(name)));
}

function missing(): Tool[] {
  return tools.filter((tool) => !tool.present());
}
