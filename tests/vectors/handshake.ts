// Source: the documented algorithm, computed with the openssl command line, independently of the code under test.
// A packet is time 12345, the version below, and byte i = (7 i + 3) mod 256 from there on. For the digest at `offset`:
//   (head -c $offset packet; tail -c +$((offset + 33)) packet) | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY
// with KEY = the text of the side's key. The answer is 1504 bytes of (7 i + 3) mod 256, then its signature:
//   key=$(xxd -r -p <<< $digest | openssl dgst -sha256 -mac HMAC -macopt hexkey:$WHOLE_KEY_OF_THE_ANSWERING_SIDE)
//   head -c 1504 answer | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key

export interface DigestVector {
  readonly name: string;
  readonly value: {
    readonly side: "client" | "server";
    readonly schema: 0 | 1;
    readonly version: number;
    readonly offset: number;
  };
  /** The digest of C1 or S1. */
  readonly hex: string;
  /** The last 32 bytes of S2 or C2, with which the other side answers. */
  readonly answerHex: string;
}

const client = { side: "client", version: 0x80000702 } as const;
const server = { side: "server", version: 0x01000504 } as const;

export const digestVectors: readonly DigestVector[] = [
  {
    name: "C1 in schema 0, answered by S2",
    value: { ...client, schema: 0, offset: 942 },
    hex: "a17180699823e43ca3f1d2def4700a36cdfa5fb264d8849dc81ec54187d4c889",
    answerHex: "98c56583d02e459e3157b96053d2d9ff9eab8fb9f8a6b69836220e9643240fca",
  },
  {
    name: "C1 in schema 1, answered by S2",
    value: { ...client, schema: 1, offset: 290 },
    hex: "a69797f4ce750c92070582dc117ccbae8bcb9c0d21c0ddf44d40a4ae70d272c8",
    answerHex: "b9450c4102941facece4a60e4e5f00597160b53af90220d0a0eaaf0a9ead2992",
  },
  {
    name: "S1 in schema 0, answered by C2",
    value: { ...server, schema: 0, offset: 942 },
    hex: "e8b657d9f800b8f2369713be0a5ccb6b6c86b6f682174865f29eb164eeb8f47b",
    answerHex: "2b8bc7fb9959ca85a9c11bc445cecd8fceb9f90c592b97872ec5cb36d121c7c7",
  },
  {
    name: "S1 in schema 1, answered by C2",
    value: { ...server, schema: 1, offset: 290 },
    hex: "769d32d527abf3aa53dcd92c82d78ce6347e13454859a93d0160374cdf51fd6b",
    answerHex: "d5fcc57fff29bc8a57c129a4957e65e5b2e1fac057179d68d69d1aa60cb8720a",
  },
];
