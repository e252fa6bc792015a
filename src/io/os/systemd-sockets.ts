import { FFIType } from "bun:ffi";
import { formatHostPort, type ListenAddress } from "../../base/address.ts";
import { UserError } from "../../base/errors.ts";
import { libc } from "./libc.ts";
import type { Environment } from "./systemd.ts";

/** The first descriptor that systemd passes, SD_LISTEN_FDS_START. */
const FIRST = 3;
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const AF_INET = 2;
const AF_INET6 = 10;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_DUPFD_CLOEXEC = 1030;
/** More than sockaddr_in6 needs. */
const ADDRESS_SIZE = 128;

const { i32, ptr } = FFIType;
const signatures = {
  getsockname: { args: [i32, ptr, ptr], returns: i32 },
  getsockopt: { args: [i32, i32, i32, ptr, ptr], returns: i32 },
  fcntl: { args: [i32, i32, i32], returns: i32 },
} as const;

/** A listening socket that was opened before this process started. */
export interface SystemdSocket {
  /** systemd's FileDescriptorName=, else the name of the socket unit. */
  readonly name: string;
  readonly address: ListenAddress;
}

/** The listening sockets that systemd opened for this process (socket activation, sd_listen_fds(3)). */
export class SystemdSockets {
  readonly #functions: ReturnType<typeof libc<typeof signatures>>;
  readonly #sockets: (SystemdSocket & { readonly fd: number })[] = [];

  /**
   * Removes its variables from `environment`; the sockets are not inherited by children. Throws UserError for a socket that
   * is not a listening TCP socket.
   */
  constructor(environment: Environment, pid: number) {
    const { LISTEN_FDS: count, LISTEN_PID: owner, LISTEN_FDNAMES: given = "" } = environment;
    for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete environment[name];
    if (Number(owner) !== pid || !(Number(count) > 0)) return;
    this.#functions = libc(signatures);
    if (this.#functions === undefined) throw new UserError("systemd's sockets can't be used with this C library");
    const names = given.split(":");
    for (let at = 0; at < Number(count); at++) this.#add(FIRST + at, names[at] || "unnamed");
  }

  /** All sockets that systemd has passed. */
  get all(): readonly SystemdSocket[] {
    return this.#sockets;
  }

  /** The sockets that match none of these addresses. */
  besides(addresses: readonly ListenAddress[]): readonly SystemdSocket[] {
    return this.#sockets.filter((socket) => !addresses.some((address) => standsFor(socket.address, address)));
  }

  /** A listening descriptor for an address, which the caller closes; undefined when there is none. */
  take(address: ListenAddress): { readonly fd: number; readonly address: ListenAddress } | undefined {
    const socket = this.#sockets.find((each) => standsFor(each.address, address));
    const fd = socket === undefined ? undefined : this.#functions?.fcntl(socket.fd, F_DUPFD_CLOEXEC, FIRST);
    return socket === undefined || fd === undefined || fd < 0 ? undefined : { fd, address: socket.address };
  }

  #add(fd: number, name: string): void {
    const address = this.#addressOf(fd);
    if (address === undefined) {
      throw new UserError(
        `the socket "${name}" (descriptor ${fd}) of systemd is not a listening TCP socket; the socket unit needs ListenStream= with a port, and Accept=no`,
      );
    }
    this.#functions?.fcntl(fd, F_SETFD, FD_CLOEXEC);
    this.#sockets.push({ fd, name, address });
  }

  #addressOf(fd: number): ListenAddress | undefined {
    const value = new Int32Array(1);
    const length = new Uint32Array([value.byteLength]);
    if (this.#functions?.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, length) !== 0 || value[0] !== 1)
      return undefined;
    const raw = new Uint8Array(ADDRESS_SIZE);
    const size = new Uint32Array([raw.length]);
    if (this.#functions.getsockname(fd, raw, size) !== 0) return undefined;
    return readAddress(raw);
  }
}

/** sockaddr_in: family 2, port 2, address 4. sockaddr_in6: family 2, port 2, flow 4, address 16. The family is in the machine's order. */
function readAddress(raw: Uint8Array): ListenAddress | undefined {
  const view = new DataView(raw.buffer);
  const port = view.getUint16(2);
  switch (view.getUint16(0, true)) {
    case AF_INET:
      return { host: raw.subarray(4, 8).join("."), port };
    case AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(8 + 2 * at).toString(16));
      return { host: new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1), port };
    }
    default:
      return undefined;
  }
}

const wildcards = new Set(["::", "0.0.0.0"]);

/** Whether a socket matches a configured address: the same, or every address of the machine in both. */
function standsFor(socket: ListenAddress, address: ListenAddress): boolean {
  if (wildcards.has(socket.host) && wildcards.has(address.host)) return socket.port === address.port;
  const host = address.host === "localhost" ? "127.0.0.1" : address.host;
  return formatHostPort(socket) === formatHostPort({ host, port: address.port });
}
