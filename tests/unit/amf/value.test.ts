import { expect, test } from "bun:test";
import { AmfObject } from "../../../src/amf/value.ts";

test("an object keeps the order of its record", () => {
  expect([...AmfObject.of({ b: 1, a: 2 }).entries.keys()]).toEqual(["b", "a"]);
});

test("AmfObject.of and AmfObject.ecma differ in kind only", () => {
  expect(AmfObject.of({ a: 1 }).kind).toBe("object");
  expect(AmfObject.ecma({ a: 1 }).kind).toBe("ecma-array");
  expect(AmfObject.ecma({ a: 1 }).entries).toEqual(AmfObject.of({ a: 1 }).entries);
});

test("the typed getters return nothing for another type or an absent key", () => {
  const inner = AmfObject.of({});
  const object = AmfObject.of({ text: "1", number: 1, object: inner });
  expect(object.string("text")).toBe("1");
  expect(object.number("number")).toBe(1);
  expect(object.object("object")).toBe(inner);
  expect(object.get("number")).toBe(1);
  expect(object.string("number")).toBeUndefined();
  expect(object.number("text")).toBeUndefined();
  expect(object.object("text")).toBeUndefined();
  expect(object.get("constructor")).toBeUndefined();
});
