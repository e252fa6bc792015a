import { FFIType } from "bun:ffi";
import { libc } from "../os/libc.ts";

/** Connections that may wait to be accepted. The runtime asks for 512, which a storm of players fills in milliseconds. */
const BACKLOG = 4096;

const signatures = { listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } } as const;
/** Loaded at the first use: commands that don't listen need no libc. */
let functions: { symbols: ReturnType<typeof libc<typeof signatures>> } | undefined;

/** Requests a longer backlog for a listening socket; without effect if that fails. */
export function raiseBacklog(fd: number): void {
  functions ??= { symbols: libc(signatures) };
  functions.symbols?.listen(fd, BACKLOG);
}
