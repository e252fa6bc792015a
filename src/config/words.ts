import * as v from "valibot";
import type { Key, TomlScalar } from "./key.ts";

/**
 * A text from outside a TOML file as a key's value: `on` and `off` are flags, and digits a number, if the key takes one; a
 * list is split at spaces. For a text that the key does not take, returns the likeliest value, so that the key's own message
 * reports it.
 */
export function valueOfText(key: Key<unknown>, text: string): unknown {
  return valueOfWords(key, key.isList ? text.split(/\s+/).filter(Boolean) : [text]);
}

/** The same for a text that is already split into words; a key that is no list takes one word. */
export function valueOfWords(key: Key<unknown>, given: readonly string[]): unknown {
  const words = items(key, given);
  const typed = words.map(typedWord);
  // Most items are texts; most other keys are not. "1935" is a port either way, and a number if the key is a number.
  const [likeliest, other] = key.isList ? [words, typed] : [typed[0], words[0]];
  return !v.is(key.schema, likeliest) && v.is(key.schema, other) ? other : likeliest;
}

/** Joins each prefix word with the word after it. */
function items({ prefixes }: Key<unknown>, words: readonly string[]): readonly string[] {
  if (prefixes.length === 0) return words;
  const joined: string[] = [];
  let prefix = "";
  for (const word of words) {
    const item = prefix === "" ? word : `${prefix} ${word}`;
    prefix = prefix === "" && prefixes.includes(word) ? word : "";
    if (prefix === "") joined.push(item);
  }
  return prefix === "" ? joined : [...joined, prefix];
}

function typedWord(word: string): TomlScalar {
  if (/^(?:on|true)$/i.test(word)) return true;
  if (/^(?:off|false)$/i.test(word)) return false;
  return /^-?[0-9]{1,15}$/.test(word) ? Number(word) : word;
}
