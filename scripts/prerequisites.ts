// The programs that tests talk to. They come from the system's packages, not from npm.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findPromtool, unpackedPromtool } from "../tests/support/promtool.ts";
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
    name: "Redis",
    packages: ["redis-server"],
    present: () => Bun.which("redis-server") !== null && Bun.which("redis-cli") !== null,
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
  const mayInstall = process.getuid?.() === 0 && Bun.which("apt-get") !== null;
  if (mayInstall && (before.length > 0 || findPromtool() === undefined)) await apt("apt-update", ["update"]);
  if (mayInstall && before.length > 0) {
    const packages = before.flatMap((tool) => tool.packages);
    print(`installing ${packages.join(", ")} with apt-get`);
    const install = await apt("apt-install", ["install", "--no-install-recommends", ...packages]);
    if (install.exitCode === 0) print(`installed ${packages.join(", ")}`);
    else print(`apt-get could not install ${packages.join(", ")}: ${lastLine(install.output)}`);
  }
  if (findPromtool() === undefined) {
    if (mayInstall) await unpackPromtool(print);
    else print("missing: promtool; the tests that need it are skipped. It is in Debian's package prometheus");
  }
  const after = missing();
  if (after.length === 0) return;
  const packages = after.flatMap((tool) => tool.packages);
  print(
    `missing: ${after.map((tool) => tool.name).join(", ")}; the tests that need them are skipped. ` +
      `On Debian or Ubuntu: sudo apt-get install ${packages.join(" ")}`,
  );
}

/** Takes the one program out of its package: installed, the package starts a server. */
async function unpackPromtool(print: (line: string) => void): Promise<void> {
  print("unpacking promtool from the package prometheus");
  await mkdir(dirname(unpackedPromtool), { recursive: true });
  const folder = await mkdtemp(join(dirname(unpackedPromtool), ".unpack-"));
  try {
    const script = 'cd "$1" && apt-get -q download prometheus && dpkg-deb -x prometheus_*.deb .';
    const work = run("promtool", ["sh", "-c", script, "sh", folder]);
    const { exitCode, output } = await showProgress("promtool", work, () => lastLine(outputOf("promtool")));
    if (exitCode === 0) await rename(join(folder, "usr/bin/promtool"), unpackedPromtool);
    else print(`promtool could not be unpacked, and the tests that need it are skipped: ${lastLine(output)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function apt(name: string, words: readonly string[]): Promise<Finished> {
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q", ...words];
  return showProgress(name, run(name, command), () => lastLine(outputOf(name)));
}

function missing(): Tool[] {
  return tools.filter((tool) => !tool.present());
}
