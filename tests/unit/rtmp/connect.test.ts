import { describe, expect, test } from "bun:test";
import { AmfObject } from "../../../src/amf/value.ts";
import {
  enhancedCapabilities,
  FOR_CLIENT_ARGUMENT,
  HOPS_ARGUMENT,
  MAX_HOPS,
  readConnect,
} from "../../../src/rtmp/connect.ts";

const nothing = {
  tcUrl: "",
  app: "",
  flashVer: "",
  pageUrl: "",
  swfUrl: "",
  objectEncoding: 0,
  enhanced: false,
  hops: [],
  forClient: false,
  follows: false,
};

describe("readConnect", () => {
  test.each([
    ["no arguments", []],
    ["null", [null]],
    ["a string instead of the object", ["app", "more"]],
    ["fields of other types", [AmfObject.of({ app: 1, tcUrl: null, flashVer: true, objectEncoding: "3" })]],
    ["optional arguments that are no object", [AmfObject.of({}), 5]],
    ["hops that are no text", [AmfObject.of({}), AmfObject.of({ [HOPS_ARGUMENT]: 5 })]],
    ["empty hops", [AmfObject.of({}), AmfObject.of({ [HOPS_ARGUMENT]: "" })]],
  ])("takes %s as nothing said", (_name, args) => expect(readConnect(args)).toEqual(nothing));

  test("reads the fields of an object and of an ECMA array alike", () => {
    const fields = { app: "live", tcUrl: "rtmp://h/live", flashVer: "F", pageUrl: "p", swfUrl: "s", objectEncoding: 3 };
    expect(readConnect([AmfObject.of(fields)])).toEqual({ ...nothing, ...fields });
    expect(readConnect([AmfObject.ecma(fields)])).toEqual({ ...nothing, ...fields });
  });

  test.each([
    [true, true],
    [false, false],
    ["true", false],
    [1, false],
  ])("reads that a server asks on behalf of a client only from the argument true: %p", (said, heard) => {
    expect(readConnect([AmfObject.of({}), AmfObject.of({ [FOR_CLIENT_ARGUMENT]: said })]).forClient).toBe(heard);
  });

  test("keeps one hop more than a stream may have, so that its owner sees that there are too many", () => {
    const hops = (count: number) => Array.from({ length: count }, (_, i) => `node${i}`);
    const read = (count: number) =>
      readConnect([AmfObject.of({}), AmfObject.of({ [HOPS_ARGUMENT]: hops(count).join(",") })]).hops;
    expect(read(2)).toEqual(["node0", "node1"]);
    expect(read(MAX_HOPS)).toEqual(hops(MAX_HOPS));
    expect(read(10_000)).toEqual(hops(MAX_HOPS + 1));
  });
});

test("the server's capabilities announce that it forwards every codec, and count as enhanced", () => {
  expect(enhancedCapabilities()).toEqual({
    fourCcList: ["*"],
    videoFourCcInfoMap: AmfObject.of({ "*": 4 }),
    audioFourCcInfoMap: AmfObject.of({ "*": 4 }),
    capsEx: 14,
  });
  for (const [field, value] of Object.entries(enhancedCapabilities())) {
    expect(readConnect([AmfObject.of({ [field]: value })]).enhanced).toBe(true);
  }
});
