import { dlopen, FFIType } from "bun:ffi";

const { i32, u32, ptr } = FFIType;
const [AF_INET, AF_INET6, SOCK_STREAM] = [2, 10, 1];
const [SOL_SOCKET, SO_REUSEADDR] = [1, 2];
const BACKLOG = 64;

/** A listening TCP socket that nobody accepts from, as systemd holds one for a service. */
export class HeldSocket implements Disposable {
  readonly fd: number;
  readonly port: number;
  readonly #libc = dlopen("libc.so.6", {
    socket: { args: [i32, i32, i32], returns: i32 },
    setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
    bind: { args: [i32, ptr, u32], returns: i32 },
    listen: { args: [i32, i32], returns: i32 },
    getsockname: { args: [i32, ptr, ptr], returns: i32 },
    close: { args: [i32], returns: i32 },
  }).symbols;

  /** On any free port of an IPv4 address, `::` or `::1`. */
  constructor(host: string) {
    const six = host.includes(":");
    this.fd = this.#libc.socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    this.#libc.setsockopt(this.fd, SOL_SOCKET, SO_REUSEADDR, new Int32Array([1]), 4);
    const address = new Uint8Array(six ? 28 : 16);
    address[0] = six ? AF_INET6 : AF_INET;
    if (host === "::1") address[23] = 1;
    else if (!six) address.set(host.split(".").map(Number), 4);
    if (this.#libc.bind(this.fd, address, address.length) !== 0) throw new Error(`cannot bind ${host}`);
    this.#libc.listen(this.fd, BACKLOG);
    this.#libc.getsockname(this.fd, address, new Uint32Array([address.length]));
    this.port = new DataView(address.buffer).getUint16(2);
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.fd);
  }
}
