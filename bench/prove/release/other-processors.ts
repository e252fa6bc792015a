import { existsSync } from "node:fs";
import { build, type Target } from "../../../build.ts";
import { runtimeOf } from "../../../scripts/release/runtime.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { builtExecutable } from "../../command.ts";
import type { Finding } from "../proof.ts";
import { muslLacks, muslLibraries } from "./musl.ts";

const ARM_LIBRARIES = "/usr/aarch64-linux-gnu";
const SECONDS = 5;

interface Emulated {
  readonly what: string;
  readonly target: Target;
  readonly emulator: readonly string[] | (() => Promise<readonly string[]>);
  /** What this machine lacks to run it; undefined if it lacks nothing. */
  readonly lacks: string | undefined;
}

const EMULATED: readonly Emulated[] = [
  {
    what: "linux-x64 on a processor of 2008 (SSE4.2, no AVX)",
    target: "linux-x64",
    emulator: ["qemu-x86_64", "-cpu", "Nehalem"],
    lacks: Bun.which("qemu-x86_64") === null ? "qemu-user" : undefined,
  },
  {
    what: "linux-arm64",
    target: "linux-arm64",
    emulator: ["qemu-aarch64", "-L", ARM_LIBRARIES],
    lacks:
      Bun.which("qemu-aarch64") === null || !existsSync(ARM_LIBRARIES) ? "qemu-user and libc6-arm64-cross" : undefined,
  },
  {
    what: "linux-x64-musl on musl, with a stand-in for its C++ library",
    target: "linux-x64-musl",
    emulator: async () => ["env", `LD_LIBRARY_PATH=${await muslLibraries()}`],
    lacks: muslLacks,
  },
];

/** Executables for other processors serve a stream under emulation, and those for musl with its libraries. */
export async function otherProcessors(): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const emulated of EMULATED) findings.push(await serveUnder(emulated));
  return findings;
}

async function serveUnder({ what, target, emulator, lacks }: Emulated): Promise<Finding> {
  if (lacks !== undefined) return { what, ok: false, seen: `needs ${lacks}` };
  const program = await build(target, await runtimeOf(target));
  await using stage = new Stage();
  const conf = stage.write("server.toml", 'listen = "127.0.0.1:0"');
  // With these variables set, the program does not restart itself, which works only if the kernel knows the emulator.
  const env = { MIMALLOC_PURGE_DELAY: "10000", MIMALLOC_PURGE_HOLES_MIN_INTERVAL: "10000" };
  const before = typeof emulator === "function" ? await emulator() : emulator;
  const server = stage.start("server", [...before, program, "--conf", conf], { env });
  const line = await server.line(/listening/);
  const url = `rtmp://${/127\.0\.0\.1:\d+/.exec(line)?.[0]}/live/show`;
  stage.start("encoder", [builtExecutable(), "bench", "publish", url, "--seconds", "120"]);
  await server.line(/publish started/);
  const words = ["bench", "play", url, "--seconds", String(SECONDS), "--json"];
  const { stdout } = Bun.spawnSync([builtExecutable(), ...words]);
  const { players } = JSON.parse(stdout.toString()) as { players: Record<string, unknown> };
  const { connected, frames, lost, corrupt } = players as {
    connected: number;
    frames: { video: number };
    lost: { video: number };
    corrupt: number;
  };
  const ok = connected === 1 && frames.video > 0 && lost.video === 0 && corrupt === 0;
  return { what, ok, seen: `${frames.video} frames in ${SECONDS} s, ${lost.video} lost, ${corrupt} corrupt` };
}
