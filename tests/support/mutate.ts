import { concat } from "./bytes.ts";
import { between, pick, randomBytes } from "./random.ts";

const edges = [0x00, 0x01, 0x02, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/** A damaged copy: one to eight bits, bytes or runs changed, cut out, doubled or put in. */
export function mutate(random: () => number, bytes: Uint8Array): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let i = between(random, 1, 8); i > 0; i--) out = mutateOnce(random, out);
  return out;
}

function mutateOnce(random: () => number, bytes: Uint8Array): Uint8Array {
  const at = between(random, 0, bytes.length);
  const run = between(random, 1, 20);
  switch (between(random, 0, 5)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << between(random, 0, 7));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = pick(random, edges);
      return bytes;
    case 2:
      return concat([bytes.subarray(0, at), bytes.subarray(at + run)]);
    case 3:
      return concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - run))]);
    case 4:
      return concat([bytes.subarray(0, at), randomBytes(random, run), bytes.subarray(at)]);
    default:
      return bytes.subarray(0, at);
  }
}
