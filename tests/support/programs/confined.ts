// Runs a program under what a unit file forbids, as far as that can be had without systemd as the first process:
// `bun confined.ts UNIT PROGRAM…`, as root. The unit's system calls and socket families by seccomp, no capabilities, nobody's
// account, a read-only file system, /proc with processes only. With CONFINED_MDWE=1 also MemoryDenyWriteExecute=yes.
import { dlopen, FFIType, ptr } from "bun:ffi";
import { readFileSync } from "node:fs";

const { i32, u32, u64, ptr: pointer } = FFIType;
const libc = dlopen("libc.so.6", {
  unshare: { args: [i32], returns: i32 },
  mount: { args: [pointer, pointer, pointer, u64, pointer], returns: i32 },
  prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
  setgroups: { args: [u64, pointer], returns: i32 },
  setresgid: { args: [u32, u32, u32], returns: i32 },
  setresuid: { args: [u32, u32, u32], returns: i32 },
  execv: { args: [pointer, pointer], returns: i32 },
}).symbols;
const seccomp = dlopen("libseccomp.so.2", {
  seccomp_init: { args: [u32], returns: pointer },
  seccomp_syscall_resolve_name: { args: [pointer], returns: i32 },
  seccomp_rule_add_array: { args: [pointer, u32, i32, u32, pointer], returns: i32 },
  seccomp_load: { args: [pointer], returns: i32 },
}).symbols;

const ALLOW = 0x7fff0000;
const errno = (code: number): number => 0x00050000 | code;
const [EPERM, ENOSYS] = [1, 38];
const [EQUAL, MASKED_EQUAL] = [4, 7];
/** Every CLONE_NEW flag but that of the file system's time: RestrictNamespaces= looks at these. */
const NAMESPACES = 0x7e020000;
const families: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16 };
const NOBODY = 65534;
/** PROT_WRITE, PROT_EXEC. */
const [WRITE, EXECUTE] = [2, 4];
const writeNorExecute = process.env.CONFINED_MDWE === "1";

const [unit = "", ...command] = process.argv.slice(2);
const text = readFileSync(unit, "utf8");
const values = (name: string) =>
  [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].flatMap(([, value = ""]) => value.split(" "));

function check(what: string, result: number): void {
  if (result < 0) throw new Error(`${what} failed`);
}

const c = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

function mount(source: string, target: string, type: string, flags: number, data: string): void {
  check(`mounting ${target}`, libc.mount(ptr(c(source)), ptr(c(target)), ptr(c(type)), flags, ptr(c(data))));
}

/** The system calls of `@set`, of those within it, and of a plain name. */
function expand(name: string): string[] {
  if (!name.startsWith("@")) return [name];
  const { stdout } = Bun.spawnSync(["systemd-analyze", "syscall-filter", name]);
  const inner = [...stdout.toString().matchAll(/^ {4}([@a-z0-9_-]+)$/gm)];
  return inner.flatMap(([, each = ""]) => expand(each));
}

function allowedCalls(): Set<string> {
  const allowed = new Set<string>();
  for (const [, not, names = ""] of text.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const call of names.split(" ").flatMap(expand)) {
      if (not) allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}

/** scmp_arg_cmp: argument 4, operator 4, two values of 8. */
function condition(argument: number, operator: number, a: number, b: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, argument, true);
  view.setUint32(4, operator, true);
  view.setBigUint64(8, BigInt(a), true);
  view.setBigUint64(16, BigInt(b), true);
  return bytes;
}

function filterCalls(): void {
  const allowed = allowedCalls();
  const filter = seccomp.seccomp_init(errno(EPERM));
  const add = (action: number, call: string, argument?: Uint8Array): void => {
    const number = seccomp.seccomp_syscall_resolve_name(ptr(c(call)));
    // Calls of other machines have negative numbers.
    if (number < 0) return;
    const count = argument === undefined ? 0 : 1;
    check(call, seccomp.seccomp_rule_add_array(filter, action, number, count, argument ?? null));
  };
  for (const call of ["socket", "clone", "clone3", "unshare", "setns"]) allowed.delete(call);
  if (writeNorExecute) for (const call of ["mmap", "mprotect", "pkey_mprotect"]) allowed.delete(call);
  for (const call of allowed) add(ALLOW, call);
  for (const family of values("RestrictAddressFamilies"))
    add(ALLOW, "socket", condition(0, EQUAL, families[family] ?? -1, 0));
  // As systemd does for RestrictNamespaces=: the flags of clone3 are out of a filter's sight.
  add(ALLOW, "clone", condition(0, MASKED_EQUAL, NAMESPACES, 0));
  add(errno(ENOSYS), "clone3");
  if (writeNorExecute) {
    for (const call of ["mmap", "mprotect", "pkey_mprotect"]) add(ALLOW, call, condition(2, MASKED_EQUAL, EXECUTE, 0));
    add(ALLOW, "mmap", condition(2, MASKED_EQUAL, WRITE | EXECUTE, EXECUTE));
  }
  check("the filter", seccomp.seccomp_load(filter));
}

const [MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE] = [1, 32, 4096, 16384, 1 << 18];
const CLONE_NEWNS = 0x20000;
const [PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP] = [38, 24];
const lastCapability = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));

check("a mount namespace", libc.unshare(CLONE_NEWNS));
mount("", "/", "", MS_REC | MS_PRIVATE, "");
const program = command[0] ?? "";
const place = program.slice(0, program.lastIndexOf("/"));
mount(place, place, "", MS_BIND, "");
mount("proc", "/proc", "proc", 0, "hidepid=invisible,subset=pid");
mount("", "/", "", MS_REMOUNT | MS_BIND | MS_RDONLY, "");
for (let capability = 0; capability <= lastCapability; capability++) libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
check("groups", libc.setgroups(0, null));
check("the group", libc.setresgid(NOBODY, NOBODY, NOBODY));
check("the account", libc.setresuid(NOBODY, NOBODY, NOBODY));
check("no new privileges", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
const argv = command.map(c);
const pointers = new BigUint64Array([...argv.map((each) => BigInt(ptr(each))), 0n]);
const path = c(program);
filterCalls();
libc.execv(ptr(path), ptr(pointers));
process.exit(126);
