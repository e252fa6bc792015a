// The C++ library for executables for musl. Debian has none for musl, so glibc's build of it is used.
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../scripts/release/must.ts";
import { scratchFolder } from "../../command.ts";

/** Functions that glibc's build of the library needs and musl 1.2.3 does not have. */
const MISSING = `#include <stddef.h>
#include <sys/random.h>
#include <time.h>
#include <locale.h>
extern size_t strftime_l(char *, size_t, const char *, const struct tm *, locale_t);
char __libc_single_threaded = 0;
struct { unsigned features[4]; } __cpu_model;
int __cpu_indicator_init(void) { return 0; }
int _dl_find_object(void *address, void *result) { return -1; }
int __cxa_thread_atexit_impl(void (*end)(void *), void *object, void *library) { return 0; }
unsigned arc4random(void) { unsigned value; getrandom(&value, sizeof value, 0); return value; }
size_t __strftime_l(char *to, size_t size, const char *format, const struct tm *time, locale_t locale) {
  return strftime_l(to, size, format, time, locale);
}
`;

/** What this machine lacks to run an executable for musl; undefined if it lacks nothing. */
export const muslLacks =
  existsSync("/lib/ld-musl-x86_64.so.1") && Bun.which("gcc") !== null ? undefined : "musl and gcc";

/** Makes a folder of libraries for LD_LIBRARY_PATH. */
export async function muslLibraries(): Promise<string> {
  const folder = scratchFolder("musl");
  // gcc prints the paths of this machine's libraries.
  for (const name of ["libstdc++.so.6", "libgcc_s.so.1"])
    copyFileSync((await must(["gcc", `-print-file-name=${name}`])).trim(), join(folder, name));
  const source = join(folder, "missing.c");
  writeFileSync(source, MISSING);
  // The library needs glibc's loader, which these functions replace.
  const loader = "ld-linux-x86-64.so.2";
  await must(["gcc", "-shared", "-fPIC", "-nostdlib", `-Wl,-soname,${loader}`, "-o", join(folder, loader), source]);
  return folder;
}
