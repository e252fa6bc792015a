import { expect, test } from "bun:test";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { decodeAmf3 } from "../../src/amf/amf3.ts";
import { decodeAmfMessage } from "../../src/amf/message.ts";
import type { AmfValue } from "../../src/amf/value.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { amf3MessageVectors, amfMessageVectors } from "../vectors/amf-message.ts";
import { amf0BadVectors, amf0ReadOnlyVectors, amf0Vectors } from "../vectors/amf0.ts";
import { amf3BadVectors, amf3ReadOnlyVectors, amf3Vectors } from "../vectors/amf3.ts";

const SEED = 0x5eed0a3f;
const ROUNDS = 6000;
const MAX_BODY = 4096;

interface Target {
  readonly name: string;
  readonly decode: (body: Uint8Array) => AmfValue[];
  readonly seeds: readonly Uint8Array[];
}

const seedsOf = (...tables: readonly (readonly { readonly hex: string }[])[]): Uint8Array[] =>
  tables.flat().map(({ hex }) => Uint8Array.fromHex(hex.replaceAll(" ", "")));

const targets: readonly Target[] = [
  {
    name: "AMF0",
    decode: decodeAmf0,
    seeds: seedsOf(amf0Vectors, amf0ReadOnlyVectors, amf0BadVectors, amfMessageVectors),
  },
  { name: "AMF3", decode: decodeAmf3, seeds: seedsOf(amf3Vectors, amf3ReadOnlyVectors, amf3BadVectors) },
  {
    name: "AMF3 message",
    decode: (body) => decodeAmfMessage(body, true),
    seeds: seedsOf(amf3MessageVectors, amf0ReadOnlyVectors),
  },
];

/** A small generator of repeatable numbers in [0, below): xorshift32. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One change: a byte, a cut, a repetition, or a piece of another seed. */
function mutate(body: Uint8Array, seeds: readonly Uint8Array[], random: (below: number) => number): Uint8Array {
  const at = random(body.length + 1);
  const other = seeds[random(seeds.length)] as Uint8Array; // below its length
  switch (random(5)) {
    case 0: {
      const changed = body.slice();
      if (at < body.length) changed[at] = random(256);
      return changed;
    }
    case 1:
      return body.slice(0, at);
    case 2:
      return join(body.subarray(0, at), body.subarray(random(at + 1)));
    case 3:
      return join(body.subarray(0, at), other.subarray(random(other.length + 1)));
    default:
      // A marker, flag or length as they stand in real bodies.
      return join(body.subarray(0, at), join(new Uint8Array([random(0x14)]), body.subarray(at)));
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined.subarray(0, MAX_BODY);
}

/** Undefined when the body was refused as it should be. */
function decodeOrRefuse(target: Target, body: Uint8Array): AmfValue[] | undefined {
  try {
    return target.decode(body);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw new Error(`${target.name} body ${body.toHex()}`, { cause: error });
  }
}

test.each(targets)("$name: mutated bodies are refused, or can be written and read again", (target) => {
  const random = generator(SEED);
  const pool = [...target.seeds];
  let read = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const slot = random(pool.length);
    const body = mutate(pool[slot] as Uint8Array, target.seeds, random); // below its length
    const values = decodeOrRefuse(target, body);
    if (values === undefined) continue;
    read++;
    pool[slot] = body; // what was accepted is changed further
    const written = encodeAmf0(values);
    const again = encodeAmf0(decodeAmf0(written));
    if (written.toHex() !== again.toHex())
      throw new Error(`${target.name} body ${body.toHex()} changes when rewritten`);
  }
  expect(read).toBeGreaterThan(ROUNDS / 20);
});

test.each(targets)("$name: random bytes are read or refused", (target) => {
  const random = generator(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const body = new Uint8Array(random(48));
    for (let i = 0; i < body.length; i++) body[i] = random(random(2) === 0 ? 256 : 18);
    decodeOrRefuse(target, body);
  }
});
