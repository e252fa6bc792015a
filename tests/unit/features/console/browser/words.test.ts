import { afterEach, describe, expect, test } from "bun:test";
import { allTexts, speak, t, word } from "../../../../../src/features/console/browser/words.ts";

afterEach(() => speak("en"));

describe("Texts", () => {
  test("have the same values in both languages, and are in Chinese where they are words", () => {
    const valuesOf = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).toSorted();
    for (const [english, chinese] of allTexts()) {
      expect([english, valuesOf(chinese)]).toEqual([english, valuesOf(english)]);
      expect(/\p{Script=Han}/u.test(chinese)).toBe(true);
    }
  });

  test("have singular and plural in English, and contain values unchanged", () => {
    expect([t("{n} viewers", { n: 1 }), t("{n} viewers", { n: 2000 })]).toEqual(["1 viewer", "2,000 viewers"]);
    expect(t("from {name}", { name: "{n} $& <b>" })).toBe("from {n} $& <b>");
    expect(word("toString")).toBe("toString");
    speak("zh");
    expect([t("{n} viewers", { n: 1 }), word("dead")]).toEqual(["1 位观众", "离线"]);
  });
});
