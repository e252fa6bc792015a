import { FFIType } from "bun:ffi";
import { closeSync } from "node:fs";
import { formatHostPort, type ListenAddress } from "../../base/address.ts";
import { libc } from "./libc.ts";

/** A listening socket that another process of this server has passed on. */
export interface UpgradeSocket {
  /** The requested address, which may have port 0, unlike `address`. */
  readonly wanted: ListenAddress;
  /** The address that it is bound to. */
  readonly address: ListenAddress;
  readonly fd: number;
}

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Listening sockets from the old process of this server: connections that wait there are not lost. */
export class UpgradeSockets {
  readonly #sockets: UpgradeSocket[];

  /** Child processes don't inherit the sockets. */
  constructor(sockets: readonly UpgradeSocket[]) {
    this.#sockets = [...sockets];
    if (sockets.length === 0) return;
    const functions = libc({ fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
    for (const { fd } of sockets) functions?.fcntl(fd, F_SETFD, FD_CLOEXEC);
  }

  /** The socket for an address, now the caller's; undefined when there is none. */
  take(address: ListenAddress): { readonly fd: number; readonly address: ListenAddress } | undefined {
    const text = formatHostPort(address);
    const is = (one: ListenAddress) => formatHostPort(one) === text;
    let at = this.#sockets.findIndex(({ wanted }) => is(wanted));
    if (at < 0) at = this.#sockets.findIndex(({ address }) => is(address));
    return this.#sockets.splice(at, at < 0 ? 0 : 1)[0];
  }

  /** Closes the sockets that no caller took. */
  closeRest(): void {
    for (const { fd } of this.#sockets.splice(0)) closeSync(fd);
  }
}
