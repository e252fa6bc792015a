import { dlopen, FFIType } from "bun:ffi";

const { i32, i64, u64, u32, ptr } = FFIType;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

/** The end of systemd's that sd_notify(3) speaks to. */
export class NotifyReceiver implements Disposable {
  readonly #libc = dlopen("libc.so.6", {
    socket: { args: [i32, i32, i32], returns: i32 },
    bind: { args: [i32, ptr, u32], returns: i32 },
    recv: { args: [i32, ptr, u64, i32], returns: i64 },
    close: { args: [i32], returns: i32 },
  }).symbols;
  readonly #socket: number;
  readonly #messages: string[] = [];

  /** `path` of a file to be made, or `@name` without one. */
  constructor(path: string) {
    this.#socket = this.#libc.socket(AF_UNIX, SOCK_DGRAM, 0);
    const name = new TextEncoder().encode(path.replace(/^@/, "\0"));
    const address = Uint8Array.of(AF_UNIX, 0, ...name);
    if (this.#libc.bind(this.#socket, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  }

  /** All messages so far, oldest first. */
  get messages(): readonly string[] {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const size = Number(this.#libc.recv(this.#socket, buffer, buffer.length, MSG_DONTWAIT));
      if (size < 0) return this.#messages;
      this.#messages.push(new TextDecoder().decode(buffer.subarray(0, size)));
    }
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#socket);
  }
}
