import { dlopen, type FFIFunction, type Library } from "bun:ffi";

const libraries = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** Functions of the C library that the runtime does not offer; undefined if the library can't be loaded. */
export function libc<const F extends Readonly<Record<string, FFIFunction>>>(
  functions: F,
): Library<F>["symbols"] | undefined {
  for (const library of libraries) {
    try {
      return dlopen(library, functions).symbols;
    } catch {
      // Another C library's name.
    }
  }
  return undefined;
}
