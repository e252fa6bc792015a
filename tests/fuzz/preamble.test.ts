import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../src/base/errors.ts";
import { readClientHello } from "../../src/preamble/client-hello.ts";
import { readProxyHeader } from "../../src/preamble/proxy-header.ts";
import { fromHex } from "../support/bytes.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { helloVectors, proxyVectors } from "../vectors/preamble.ts";

/** What a reader makes of the first bytes, and of all: an answer, undefined for "more", or a ProtocolError. */
function survive<T>(read: (bytes: Uint8Array) => T | undefined, bytes: Uint8Array): T | "refused" | undefined {
  let refused = false;
  for (
    let length = 0;
    length <= bytes.length;
    length = length === bytes.length ? length + 1 : Math.min(bytes.length, length * 2 + 1)
  ) {
    try {
      const found = read(bytes.subarray(0, length));
      // What was refused stays so, and what was found does too: a reader that waits decides once.
      expect(refused).toBe(false);
      if (found !== undefined) {
        expect(read(bytes)).toEqual(found);
        return found;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused = true;
    }
  }
  return refused ? "refused" : undefined;
}

describe("preambles before RTMP, with hostile input", () => {
  test("a damaged or random PROXY protocol header is read, waited for or refused, and stays within its bytes", () => {
    for (let seed = 0; seed < 4000; seed++) {
      const random = mulberry32(seed);
      const good = fromHex(pick(random, proxyVectors).hex);
      const bytes = seed % 8 === 0 ? randomBytes(random, between(random, 1, 300)) : mutate(random, good);
      const found = survive(readProxyHeader, bytes);
      if (found === "refused" || found === undefined) continue;
      expect(found.length).toBeLessThanOrEqual(bytes.length);
      if (found.source !== undefined) expect(found.source.host).toMatch(/^[0-9a-f:.]+$/);
    }
  });

  test("a damaged or random ClientHello is read, waited for or refused", () => {
    for (let seed = 0; seed < 4000; seed++) {
      const random = mulberry32(seed);
      const good = fromHex(pick(random, helloVectors).hex);
      const bytes = seed % 8 === 0 ? randomBytes(random, between(random, 1, 3000)) : mutate(random, good);
      if (seed % 16 === 0) bytes.set([0x16, 3, 1, 0x10, 0, 1, 0, 0, 0x80].slice(0, bytes.length));
      survive(readClientHello, bytes);
    }
  });
});
