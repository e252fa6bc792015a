import { dlopen, FFIType } from "bun:ffi";

/** Connections that may wait to be accepted. The runtime asks for 512, which a storm of players fills in milliseconds. */
const BACKLOG = 4096;

const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** Asks the kernel for a longer backlog of a listening socket; without effect where that can't be done. */
export function raiseBacklog(fd: number): void {
  for (const library of LIBRARIES) {
    try {
      const libc = dlopen(library, { listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
      libc.symbols.listen(fd, BACKLOG);
      libc.close();
      return;
    } catch {
      // Another C library's name.
    }
  }
}
