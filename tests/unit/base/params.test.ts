import { expect, test } from "bun:test";
import { paramKeys, paramsBeside } from "../../../src/base/params.ts";

test.each([
  "stream=vip",
  "STREAM=vip",
  "str%65am=vip",
  "str%2565am=vip",
  "stream[]=vip",
  "stream%5B0%5D=vip",
  "[stream]=vip",
  "%5B%5D[stream=vip",
  "stream%00x=vip",
  "+stream=vip",
  "stream+=vip",
  "stream",
  "a=1;stream=vip",
  "my.key=1",
  "my+key=1",
  "my%5fkey=1",
])("%p is left out, as its name has a value already", (pair) => {
  expect(paramsBeside(["stream", "my_key"], `?a=1&${pair}&b=2`)).toBe("?a=1&b=2");
  expect(paramsBeside(["stream", "my_key"], `?${pair}`)).toBe("");
  expect(paramsBeside(["stream", "my_key"], pair)).toBe("");
});

test("other parameters stay as they are", () => {
  for (const query of ["", "?a=stream&b=%zz&streams=1&mykey=2&c=d=e", "a;b=1&=x&[]=2&%00=3&my%ff_key=4"])
    expect(paramsBeside(["stream", "my_key"], query)).toBe(query);
});

test("a parameter's key is the text before the first equals sign", () => {
  expect(paramKeys("a=1&b&c=d=e")).toEqual(["a", "b", "c"]);
});
