import * as v from "valibot";
import type { Key, TomlScalar } from "./key.ts";

/**
 * What words from outside a TOML file mean as a key's value, as TOML would write it: `on` and `off` are flags, digits a
 * number, where the key takes one; a key that is no list has one word. Words that mean nothing to the key come out as the
 * likeliest value, for the key's own message.
 */
export function valueOfWords(key: Key<unknown>, words: readonly string[]): unknown {
  const typed = words.map(typedWord);
  // Most items are texts, most others are not: "1935" is a port either way, and a number where a number is meant.
  const [likeliest, other] = key.isList ? [words, typed] : [typed[0], words[0]];
  return !v.is(key.schema, likeliest) && v.is(key.schema, other) ? other : likeliest;
}

function typedWord(word: string): TomlScalar {
  if (/^(?:on|true)$/i.test(word)) return true;
  if (/^(?:off|false)$/i.test(word)) return false;
  return /^-?[0-9]{1,15}$/.test(word) ? Number(word) : word;
}
