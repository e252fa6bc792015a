/** A seeded source of numbers in [0, 1), the same on every machine (the mulberry32 generator, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A whole number in [from, to]. */
export function between(random: () => number, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  if (from.length === 0) throw new Error("nothing to pick from");
  return from[Math.floor(random() * from.length)] as T;
}

/** Fills an array, as a handshake's `random` does. */
export function filler(random: () => number): (into: Uint8Array) => void {
  return (into) => {
    for (let i = 0; i < into.length; i++) into[i] = random() * 256;
  };
}

export function randomBytes(random: () => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  filler(random)(bytes);
  return bytes;
}
