import { expect, test } from "bun:test";
import { eachLine } from "../../../scripts/child-lines.ts";

test("eachLine joins split lines, also within a character, and gives the unfinished last line", async () => {
  const bytes = new TextEncoder().encode("one\ntwö\n\nlast");
  for (let size = 1; size <= bytes.length; size++) {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const lines: string[] = [];
    await eachLine(stream, (line) => lines.push(line));
    expect(lines).toEqual(["one", "twö", "", "last"]);
  }
});
