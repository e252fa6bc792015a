import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { decodeAmf3, encodeAmf3 } from "../../../src/amf/amf3.ts";
import { decodeAmfMessage } from "../../../src/amf/message.ts";
import { AmfObject, type AmfValue, AmfXml } from "../../../src/amf/value.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { amf3MessageVectors, amfMessageVectors } from "../../vectors/amf-message.ts";
import { amf0ReadOnlyVectors, amf0Vectors } from "../../vectors/amf0.ts";
import { amf3ReadOnlyVectors, amf3Vectors } from "../../vectors/amf3.ts";
import { bytesOf } from "./support.ts";

const SEED = 20_071_207;
const RUNS = 150;

const text = fc.string({ unit: "binary" });
// AMF3 ends its members with an empty name.
const name = fc.string({ unit: "binary", minLength: 1 });

const { value } = fc.letrec<{ value: AmfValue; entries: Map<string, AmfValue> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(undefined, null, true, false),
    fc.double(),
    fc.integer(),
    text,
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    text.map((xml) => new AmfXml(xml)),
    fc.array(tie("value")),
    fc
      .tuple(fc.option(name, { nil: undefined }), tie("entries"))
      .map(([className, entries]) => new AmfObject("object", className, entries)),
    tie("entries").map((entries) => new AmfObject("ecma-array", undefined, entries)),
  ),
  entries: fc.array(fc.tuple(name, tie("value"))).map((pairs) => new Map(pairs)),
}));

// An ECMA array without members comes back from AMF3 as the empty array it cannot be told from.
function isPlainInAmf3(candidate: AmfValue): boolean {
  if (Array.isArray(candidate)) return candidate.every(isPlainInAmf3);
  if (!(candidate instanceof AmfObject)) return true;
  if (candidate.kind === "ecma-array" && candidate.entries.size === 0) return false;
  return [...candidate.entries.values()].every(isPlainInAmf3);
}

/** Every beginning of `body` must give values or a ProtocolError; anything else is thrown on. */
function tryTruncations(body: Uint8Array, decode: (part: Uint8Array) => unknown): void {
  for (let length = 0; length < body.length; length++) {
    try {
      decode(body.slice(0, length));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}

describe("any values", () => {
  test("come back from AMF0 as they were", () => {
    fc.assert(
      fc.property(fc.array(value), (values) => {
        expect(decodeAmf0(encodeAmf0(values))).toStrictEqual(values);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("come back from AMF3 as they were", () => {
    fc.assert(
      fc.property(fc.array(value.filter(isPlainInAmf3)), (values) => {
        expect(decodeAmf3(encodeAmf3(values))).toStrictEqual(values);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("come back from AMF3 inside AMF0", () => {
    fc.assert(
      fc.property(value.filter(isPlainInAmf3), (inner) => {
        const body = new Uint8Array([0, 2, 0, 0, 0x11, ...encodeAmf3([inner])]);
        expect(decodeAmfMessage(body, true)).toStrictEqual(["", inner]);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

describe("any truncation", () => {
  test.each([...amf0Vectors, ...amf0ReadOnlyVectors, ...amfMessageVectors])(
    "of AMF0 is read or refused: $name",
    (v) => {
      expect(() => tryTruncations(bytesOf(v.hex), decodeAmf0)).not.toThrow();
    },
  );

  test.each([...amf3Vectors, ...amf3ReadOnlyVectors])("of AMF3 is read or refused: $name", (v) => {
    expect(() => tryTruncations(bytesOf(v.hex), decodeAmf3)).not.toThrow();
  });

  test.each([...amf3MessageVectors])("of an AMF3 message is read or refused: $name", (v) => {
    expect(() => tryTruncations(bytesOf(v.hex), (body) => decodeAmfMessage(body, true))).not.toThrow();
  });

  test("of generated bodies is read or refused", () => {
    fc.assert(
      fc.property(value, (v) => {
        tryTruncations(encodeAmf0([v]).slice(0, 512), decodeAmf0);
        tryTruncations(encodeAmf3([v]).slice(0, 512), decodeAmf3);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });
});
