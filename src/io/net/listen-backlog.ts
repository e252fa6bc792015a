import { FFIType } from "bun:ffi";
import { libc } from "../os/libc.ts";

/** Connections that may wait to be accepted. The runtime asks for 512, which a storm of players fills in milliseconds. */
const BACKLOG = 4096;

const signatures = { listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } } as const;
/** Looked up when it is first needed: commands that don't listen need not wait for it. */
let functions: { symbols: ReturnType<typeof libc<typeof signatures>> } | undefined;

/** Asks the kernel for a longer backlog of a listening socket; without effect where that can't be done. */
export function raiseBacklog(fd: number): void {
  functions ??= { symbols: libc(signatures) };
  functions.symbols?.listen(fd, BACKLOG);
}
