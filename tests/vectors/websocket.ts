/** A whole frame as a client or a server sends it (RFC 6455, 5.7), and what it says. */
export interface FrameVector {
  readonly name: string;
  readonly hex: string;
  readonly events: readonly string[];
}

const mask = "37fa213d";

/** Source: the examples of RFC 6455, 5.7, of clients; unmasked ones with a mask of 0, and others by 5.2, 5.4, 5.5, 7.4. */
export const clientFrames: readonly FrameVector[] = [
  { name: "a masked text message", hex: `8185 ${mask} 7f9f4d5158`, events: ["text Hello"] },
  {
    name: "a text message in two fragments",
    hex: "0183 00000000 48656c 8082 00000000 6c6f",
    events: ["text Hello"],
  },
  { name: "a masked ping", hex: "8985 00000000 48656c6c6f", events: ["ping Hello"] },
  { name: "a masked pong", hex: `8a85 ${mask} 7f9f4d5158`, events: ["pong Hello"] },
  {
    name: "a binary message of 256 bytes, with 16 bits of length",
    hex: `82fe0100 00000000 ${"61".repeat(256)}`,
    events: [`binary ${"a".repeat(256)}`],
  },
  {
    name: "a ping between fragments (5.4)",
    hex: `0183 00000000 48656c 8980 ${mask} 0080 00000000 8082 00000000 6c6f`,
    events: ["ping ", "text Hello"],
  },
  { name: "an empty message", hex: "8280 00000000", events: ["binary "] },
  { name: "a message of 4 KiB", hex: `82fe1000 00000000 ${"61".repeat(4096)}`, events: [`binary ${"a".repeat(4096)}`] },
  { name: "a close without a code", hex: "8880 00000000", events: ["close clean none "] },
  { name: "a close with a code", hex: "8882 00000000 03e8", events: ["close clean 1000 "] },
  { name: "a close with a reason", hex: "8885 00000000 03e9 627965", events: ["close clean 1001 bye"] },
  { name: "a close with a code of its own", hex: "8882 00000000 0fa0", events: ["close clean 4000 "] },
  { name: "frames behind a close", hex: "8880 00000000 8980 00000000", events: ["close clean none "] },
  ...[1005, 1006, 1004, 1015, 999, 0, 2999, 5000].map((code) => ({
    name: `a close with code ${code} (7.4)`,
    hex: `8882 00000000 ${code.toString(16).padStart(4, "0")}`,
    events: ["close broken 1002"],
  })),
  { name: "a close with half a code", hex: "8881 00000000 03", events: ["close broken 1002"] },
  { name: "a close whose reason is not UTF-8", hex: "8883 00000000 03e8 ff", events: ["close broken 1007"] },
  { name: "a frame without a mask (5.1)", hex: "8105 48656c6c6f", events: ["close broken 1002"] },
  { name: "a reserved bit (5.2)", hex: `c185 ${mask} 7f9f4d5158`, events: ["close broken 1002"] },
  ...["83", "87", "8b", "8f"].map((first) => ({
    name: `an opcode that is reserved: ${first}`,
    hex: `${first}80 00000000`,
    events: ["close broken 1002"],
  })),
  { name: "a ping in fragments (5.5)", hex: "0980 00000000", events: ["close broken 1002"] },
  { name: "a ping of 126 bytes (5.5)", hex: "89fe007e 00000000", events: ["close broken 1002"] },
  { name: "a fragment that continues nothing (5.4)", hex: "8080 00000000", events: ["close broken 1002"] },
  { name: "a message within a message (5.4)", hex: "0180 00000000 8180 00000000", events: ["close broken 1002"] },
  { name: "a length in 16 bits that fits in 7 (5.2)", hex: "82fe007d 00000000", events: ["close broken 1002"] },
  { name: "a length in 64 bits that fits in 16", hex: "82ff000000000000ffff 00000000", events: ["close broken 1002"] },
  { name: "a message of 4 KiB and a byte", hex: "82fe1001 00000000", events: ["close broken 1009"] },
  { name: "a length of 2^63", hex: "82ff8000000000000000 00000000", events: ["close broken 1009"] },
  {
    name: "fragments of more than 4 KiB together",
    hex: `02fe1000 00000000 ${"61".repeat(4096)} 8081 00000000 61`,
    events: ["close broken 1009"],
  },
  { name: "text that is not UTF-8 (8.1)", hex: "8182 00000000 c0af", events: ["close broken 1007"] },
];
