import { FFIType, ptr } from "bun:ffi";
import { libc } from "../os/libc.ts";

/** Asks for the bytes in a socket's send queue that the peer's machine has not acknowledged (tcp(7), ioctls). */
const SIOCOUTQ = 0x5411;

const signatures = {
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
} as const;
/** Loaded at the first use. */
let functions: { symbols: ReturnType<typeof libc<typeof signatures>> } | undefined;
const answer = new Int32Array(1);

/** Bytes sent on a TCP socket that the peer's machine has not acknowledged; 0 where the system does not say. */
export function unacknowledgedBytes(socket: object): number {
  // The runtime has this property, but its types lack it; negative once the socket is closed.
  const fd = "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
  if (fd < 0) return 0;
  functions ??= { symbols: libc(signatures) };
  const failed = functions.symbols?.ioctl(fd, SIOCOUTQ, ptr(answer)) !== 0;
  return failed ? 0 : (answer[0] ?? 0);
}
