import { expect, test } from "bun:test";
import type { Failure } from "../../../../../src/features/page/browser/engine.ts";
import { codecName, wordsFor } from "../../../../../src/features/page/browser/words.ts";

const status = (code: number, sentence = ""): Failure => ({ kind: "status", status: code, sentence, retryAfterMs: 0 });

test.each([
  [status(404), false, "Not live yet"],
  [status(404), true, "The stream has ended"],
  [status(410), false, "The stream has ended"],
  [{ kind: "ended" }, true, "The stream has ended"],
  [status(403), false, "Access refused"],
  [status(503), false, "The server is busy"],
  [status(500), false, "The server answered 500"],
  [{ kind: "lost" }, true, "Connection lost"],
  [{ kind: "stalled" }, true, "No picture comes"],
  [{ kind: "stuck" }, true, "The picture has stopped"],
  [{ kind: "codec", codec: "hvc1.1.6.L93" }, false, "This browser can’t play the stream"],
  [{ kind: "player" }, false, "The player can’t be loaded"],
] satisfies [Failure, boolean, string][])("%o, with a picture before: %p, is %p", (failure, hadPicture, title) => {
  expect(wordsFor(failure, hadPicture).title).toBe(title);
});

test("a server's line is shown as a sentence", () => {
  expect(wordsFor(status(403, "the signature has expired"), false).text).toBe("The signature has expired.");
  expect(wordsFor(status(503, "no more than 100 players"), false).text).toStartWith("No more than 100 players. ");
});

test("codecs have the names that people know", () => {
  expect([codecName("hvc1.1.6.L93"), codecName("mp4a.40.2"), codecName("VP6"), codecName("")]).toEqual([
    "H.265/HEVC (hvc1.1.6.L93)",
    "AAC (mp4a.40.2)",
    "VP6",
    "its codec",
  ]);
});
