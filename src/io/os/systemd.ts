import { FFIType } from "bun:ffi";
import { libc } from "./libc.ts";

const { i32, i64, u32, u64, ptr } = FFIType;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
/** MSG_DONTWAIT | MSG_NOSIGNAL: a receiver that doesn't read must not block the event loop. */
const SEND_FLAGS = 0x4040;
const CLOCK_MONOTONIC = 1;
/** The size of sockaddr_un's path, sun_path. */
const maxPath = 108;

const signatures = {
  socket: { args: [i32, i32, i32], returns: i32 },
  sendto: { args: [i32, ptr, u64, i32, ptr, u32], returns: i64 },
  clock_gettime: { args: [i32, ptr], returns: i32 },
} as const;

/** An environment, as `process.env`. */
export type Environment = Record<string, string | undefined>;

/** Notifications to systemd (sd_notify(3)). Without systemd, they have no effect. */
export class Systemd {
  /** The longest interval between two `WATCHDOG=1`, ms; undefined without a watchdog. */
  readonly watchdogMs: number | undefined;
  readonly #functions: ReturnType<typeof libc<typeof signatures>>;
  readonly #address: Uint8Array | undefined;
  readonly #socket: number;

  /** Removes its variables from `environment`, so that child processes don't notify systemd for this process. */
  constructor(environment: Environment, pid: number) {
    const { NOTIFY_SOCKET: path, WATCHDOG_USEC: usec, WATCHDOG_PID: owner } = environment;
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
    this.#address = path === undefined ? undefined : addressOf(path);
    this.#functions = this.#address === undefined ? undefined : libc(signatures);
    this.#socket = this.#functions?.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0) ?? -1;
    const wanted = owner === undefined || Number(owner) === pid ? Number(usec) / 1000 : Number.NaN;
    if (this.listens && wanted > 0) this.watchdogMs = wanted;
  }

  /** Why systemd, which waits for a notification, can't be notified; undefined if it can, or does not wait. */
  get problem(): string | undefined {
    if (this.#address === undefined || this.listens) return undefined;
    return "the functions of the C library can't be called; is MemoryDenyWriteExecute= on in the unit?";
  }

  /** Whether systemd accepts notifications. */
  get listens(): boolean {
    return this.#socket >= 0;
  }

  /** Sends `lines`, each an assignment as in sd_notify(3), in one message. */
  notify(...lines: readonly string[]): void {
    if (this.#functions === undefined || this.#address === undefined || !this.listens) return;
    const text = new TextEncoder().encode(lines.join("\n"));
    this.#functions.sendto(this.#socket, text, text.length, SEND_FLAGS, this.#address, this.#address.length);
  }

  /** `MONOTONIC_USEC=` and the time, which `RELOADING=1` requires. */
  monotonic(): string {
    const time = new BigInt64Array(2);
    this.#functions?.clock_gettime(CLOCK_MONOTONIC, time);
    const [seconds = 0n, nanoseconds = 0n] = time;
    return `MONOTONIC_USEC=${seconds * 1_000_000n + nanoseconds / 1000n}`;
  }
}

/** A sockaddr_un: family, then the path; the leading `@` of an abstract socket becomes a zero byte. */
function addressOf(path: string): Uint8Array | undefined {
  const name = new TextEncoder().encode(path);
  if (!/^[/@]./.test(path) || name.length >= maxPath) return undefined;
  const address = new Uint8Array(2 + name.length + (path.startsWith("@") ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (path.startsWith("@")) address[2] = 0;
  return address;
}
