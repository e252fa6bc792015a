import { FFIType, ptr } from "bun:ffi";
import { libc } from "../os/libc.ts";

/** Connections that may wait to be accepted. The runtime asks for 512, which a storm of players fills in milliseconds. */
const BACKLOG = 4096;
/** Constants of setsockopt(2) and tcp(7). */
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_NOTSENT_LOWAT = 25;
/** Time between probes, and how many unanswered ones end a connection; the runtime's values. */
const INTERVAL_S = 1;
const PROBES = 10;

const { i32, u32, ptr: pointer } = FFIType;
const signatures = {
  listen: { args: [i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
} as const;
/** Loaded at the first use: commands that don't listen need no libc. */
let functions: { symbols: ReturnType<typeof libc<typeof signatures>> } | undefined;

/** Requests a longer backlog for a listening socket; without effect if that fails. */
export function raiseBacklog(fd: number): void {
  functions ??= { symbols: libc(signatures) };
  functions.symbols?.listen(fd, BACKLOG);
}

/**
 * The kernel takes no more bytes for a peer while it holds this many that are not sent yet. Its own limit is 4 MiB: thousands of peers
 * that do not read would fill the machine's memory for TCP, and each byte would be copied.
 */
const MAX_UNSENT_BYTES = 128 * 1024;

/** Limits the unsent bytes that the kernel holds for each accepted connection; without effect if that fails. */
export function limitUnsent(fd: number): void {
  functions ??= { symbols: libc(signatures) };
  functions.symbols?.setsockopt(
    fd,
    IPPROTO_TCP,
    TCP_NOTSENT_LOWAT,
    ptr(Int32Array.of(MAX_UNSENT_BYTES)),
    Int32Array.BYTES_PER_ELEMENT,
  );
}

/**
 * Has the kernel probe peers that send nothing for `idleMs`. Accepted connections inherit this from their listening socket, which saves
 * four system calls for each of them. False where it can't be set.
 */
export function keepAcceptedAlive(fd: number, idleMs: number): boolean {
  functions ??= { symbols: libc(signatures) };
  const { symbols } = functions;
  if (symbols === undefined) return false;
  const set = (level: number, option: number, value: number) =>
    symbols.setsockopt(fd, level, option, ptr(Int32Array.of(value)), Int32Array.BYTES_PER_ELEMENT) === 0;
  return (
    set(IPPROTO_TCP, TCP_KEEPIDLE, idleMs / 1000) &&
    set(IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_S) &&
    set(IPPROTO_TCP, TCP_KEEPCNT, PROBES) &&
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
  );
}
