import {
  clientKey,
  PACKET_BYTES,
  putU32,
  type Schema,
  serverKey,
  writeDigest,
} from "../../src/rtmp/handshake-digest.ts";

/** Not random at all: byte i is (7 i + 3) mod 256, as in the vectors. */
export function pattern(into: Uint8Array): void {
  for (let i = 0; i < into.length; i++) into[i] = 7 * i + 3;
}

/** The packet of the vectors: time 12345, a version, the pattern; with the side's digest when a schema is given. */
export function packet(side: "client" | "server", version: number, schema?: Schema): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES);
  pattern(bytes);
  putU32(bytes, 0, 12345);
  putU32(bytes, 4, version);
  if (schema !== undefined) writeDigest(bytes, schema, side === "client" ? clientKey : serverKey);
  return bytes;
}
