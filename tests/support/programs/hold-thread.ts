// Stops one thread of a process, as a debugger does, until it is killed: `bun hold-thread.ts TID`.
import { dlopen, FFIType } from "bun:ffi";

const { i32, i64 } = FFIType;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const { ptrace } = dlopen("libc.so.6", { ptrace: { args: [i32, i32, i64, i64], returns: i64 } }).symbols;

const thread = Number(process.argv[2]);
for (const request of [PTRACE_SEIZE, PTRACE_INTERRUPT]) {
  if (Number(ptrace(request, thread, 0, 0)) !== 0) throw new Error(`cannot hold thread ${thread}`);
}
process.stdout.write("held\n");
setInterval(() => undefined, 1000);
