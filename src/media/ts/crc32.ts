const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest;
});

/** CRC-32/MPEG-2 of the bytes in [from, to), unsigned (ISO 13818-1, annex A). */
export function crc32Mpeg2(bytes: Uint8Array, from: number, to: number): number {
  let rest = 0xffffffff;
  for (let i = from; i < to; i++) rest = (rest << 8) ^ (table[(rest >>> 24) ^ (bytes[i] ?? 0)] ?? 0);
  return rest >>> 0;
}
