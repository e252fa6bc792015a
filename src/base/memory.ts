/**
 * Frees the memory of an array's whole buffer at once. The collector would free it later, and until then the allocator takes
 * fresh pages, each for a page fault. The array is empty afterwards; one that is empty is left as it is.
 */
export function freeBuffer({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) buffer.transfer(0);
}

/** Up to this length the runtime keeps an array's bytes in its own heap, and there is no memory to free. */
const SMALL_BYTES = 1000;

/** Frees the buffer of an array that was read to its end, where that is worth it and the buffer is the array's alone. */
export function freeRead(bytes: Uint8Array): void {
  if (bytes.length > SMALL_BYTES && bytes.length === bytes.buffer.byteLength) freeBuffer(bytes);
}

const { copy } = Buffer.prototype;

/**
 * Copies `source` in [from, to) to `target` at `at`; it must have room there. `set` would need a view of the source, which costs
 * three times as much as copying 200 bytes and is garbage.
 */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): void {
  copy.call(source, target, at, from, to);
}

/** A new array with the bytes of all `parts`, in their order. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const { compare } = Buffer.prototype;

/** Whether `count` bytes of `a` from `aFrom` and of `b` from `bFrom` are equal. Both arrays have to contain that range. */
export function sameBytes(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number, count: number): boolean {
  return compare.call(a, b, bFrom, bFrom + count, aFrom, aFrom + count) === 0;
}

const { indexOf } = Buffer.prototype;

/** Where `sought` begins in `bytes`, at `from` or behind it; -1 if it does not occur. */
export function positionOf(bytes: Uint8Array, sought: Uint8Array, from: number): number {
  return indexOf.call(bytes, sought, from);
}
