import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  beginEpoch,
  type Epoch,
  endEpoch,
  extendEpoch,
  MAX_SPANS,
  startSpan,
} from "../../../../src/live/source/epoch.ts";
import { readEpoch, writeEpoch } from "../../../../src/live/source/epoch-text.ts";

const ID = "0123456789abcdef0123456789abcdef";

const vectors: readonly {
  readonly name: string;
  readonly text: string;
  readonly epoch: Epoch;
  readonly at: number;
  readonly since: number;
}[] = [
  {
    name: "one span that goes on",
    text: `${ID} 7808 0 5000 0 0,,,1700000000000,0,0`,
    epoch: beginEpoch(ID, 1_700_000_000_000, 0),
    at: 5000,
    since: 0,
  },
  {
    name: "two spans, times below zero",
    text: `${ID} 7808 0 -7 -9 -5000,-4000,-4500,1700000000000,0,0 -4000,,,1700000001000,2000,1`,
    epoch: extendEpoch(beginEpoch(ID, 1_700_000_000_000, -5000), {
      from: -4000,
      key: -4500,
      wall: undefined,
      gop: 2000,
      discontinuity: true,
    }) as Epoch,
    at: -7,
    since: -9,
  },
  {
    name: "a span whose first key frame comes behind other packets",
    text: `${ID} 7808 0 5000 0 0,,,1700000000000,0,0,40`,
    epoch: startSpan(beginEpoch(ID, 1_700_000_000_000, 0), 40),
    at: 5000,
    since: 0,
  },
];

describe("an epoch's text", () => {
  for (const { name, text, epoch, at, since } of vectors)
    test(`${name} is written and read`, () => {
      expect(writeEpoch({ epoch, at, since })).toBe(text);
      expect(readEpoch(text)).toEqual({ epoch, at, since });
    });

  test("the longest text is read as it was written", () => {
    let epoch = beginEpoch("f".repeat(32), 4_000_000_000_000, -(2 ** 47));
    for (let at = 1; at < MAX_SPANS; at++) {
      const from = -(2 ** 47) + at * 30_000_000;
      epoch = extendEpoch(epoch, { from, wall: undefined, gop: 30_000, discontinuity: true }) as Epoch;
    }
    const told = { epoch: endEpoch(epoch, 0), at: -(2 ** 47), since: 0 };
    expect(readEpoch(writeEpoch(told))).toEqual(told);
  });

  const wrong = {
    nothing: "",
    "no span": `${ID} 1 0 0 0`,
    "an id of another form": `${ID.toUpperCase()} 1 0 0 0 0,,1,0,0`,
    "a number that is none": `${ID} 1 0 NaN 0 0,,,1,0,0`,
    "a time with a fraction": `${ID} 1 0 0 0 0.5,,,1,0,0`,
    "a first key frame before its span": `${ID} 1 0 0 0 0,,,1,0,0,-1`,
    "a first key frame behind its span": `${ID} 1 0 0 0 0,40,,1,0,0,40`,
    "a span too far from where the sender is": `${ID} 1 0 0 0 ${2 ** 49},,,1,0,0`,
    "an end too far from where the sender is": `${ID} 1 0 0 0 0,${2 ** 49},,1,0,0`,
    "a beginning too far from where the sender is": `${ID} 1 0 0 ${2 ** 49} 0,,,1,0,0`,
    "a sender's time beyond all bounds": `${ID} 1 0 ${2 ** 51} ${2 ** 51} ${2 ** 51},,,1,0,0`,
    "a time beyond all bounds": `${ID} 1 0 0 0 9999999999999999,,,1,0,0`,
    "a date beyond all bounds": `${ID} 1 0 0 0 0,,,9999999999999,0,0`,
    "a count beyond all bounds": `${ID} 9999999999999 0 0 0 0,,,1,0,0`,
    "a GOP that is too long": `${ID} 1 0 0 0 0,,,1,30001,0`,
    "a span that ends before it begins": `${ID} 1 0 0 0 5,4,,1,0,0`,
    "a span behind one that goes on": `${ID} 1 0 0 0 0,,,1,0,0 5,,,6,0,0`,
    "a key frame before its span": `${ID} 1 0 0 0 5,10,4,1,0,0`,
    "a key frame behind its span": `${ID} 1 0 0 0 5,10,10,1,0,0`,
    "a last key frame of a span that goes on": `${ID} 1 0 0 0 5,,6,1,0,0`,
    "spans that overlap": `${ID} 1 0 0 0 0,10,,1,0,0 9,,,11,0,0`,
    "dates that run back": `${ID} 1 0 0 0 0,10,,1,0,0 10,,,10,0,0`,
    "too many spans": `${ID} 1 0 0 0${Array.from({ length: MAX_SPANS + 1 }, (_, at) => ` ${at},${at + 1},,${at},0,0`).join("")}`,
    "more than a text may be": `${ID} 1 0 0 0 0,,,1,0,0${" ".repeat(3000)}`,
  };
  for (const [name, text] of Object.entries(wrong))
    test(`${name} is no epoch`, () => expect(readEpoch(text)).toBeUndefined());

  test("any text is read or not, and what is read is written the same way again", () => {
    const number = fc.oneof(fc.integer(), fc.constantFrom("", "-0", "00", "1e3", "NaN"));
    const span = fc.tuple(number, number, number, number, number, number).map((fields) => fields.join(","));
    const texts = fc
      .tuple(fc.constantFrom(ID, "x"), number, number, number, number, fc.array(span, { maxLength: 18 }))
      .map(([id, a, b, c, d, spans]) => [id, a, b, c, d, ...spans].join(" "));
    fc.assert(
      fc.property(texts, (text) => {
        const told = readEpoch(text);
        if (told !== undefined) expect(readEpoch(writeEpoch(told))).toEqual(told);
      }),
    );
  });
});
