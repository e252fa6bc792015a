import { passingVariables } from "./upgrade.ts";

/**
 * The runtime's allocator gives free memory back after 10 s instead of 0.1 s: otherwise its thread wakes up to twenty times a second, even
 * if only one encoder publishes. It reads these variables when a process starts, and at no other time.
 */
const VARIABLES = { MIMALLOC_PURGE_DELAY: "10000", MIMALLOC_PURGE_HOLES_MIN_INTERVAL: "10000" };

/**
 * Replaces this process by the same program with the allocator's variables (execve(2): the process id stays), unless it has them. That
 * closes open files, so it is not done where some were passed: sockets of systemd or of an upgrade, or files that arguments name by
 * their descriptors.
 */
export function setAllocator({ env, argv, argv0, execPath, execve }: NodeJS.Process): void {
  const isSet = Object.keys(VARIABLES).every((name) => env[name] !== undefined);
  const isCompiled = argv[1]?.startsWith("/$bunfs/") === true;
  if (isSet || !isCompiled || passingVariables.some((name) => env[name] !== undefined)) return;
  // A file by its descriptor, such as --conf=/dev/fd/63.
  if (argv.some((arg) => /\/dev\/fd\/|\/proc\//.test(arg))) return;
  try {
    execve?.(execPath, [argv0, ...argv.slice(2)], { ...VARIABLES, ...env });
  } catch {
    // Without the variables, the server only wakes up more often.
  }
}
