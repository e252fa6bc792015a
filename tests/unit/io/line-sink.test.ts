import { expect, test } from "bun:test";
import { BufferedSink, type LineOutput } from "../../../src/io/line-sink.ts";

type Done = Parameters<LineOutput["write"]>[2];

/** Keeps what is written; a test says when a write is over and how much it took. */
class FakeOutput implements LineOutput {
  text = "";
  readonly writes: { length: number; done: (error: NodeJS.ErrnoException | null, written: number) => void }[] = [];
  automatic = false;

  write(bytes: Uint8Array, offset: number, done: Done): void {
    const length = bytes.length - offset;
    this.writes.push({
      length,
      done: (error, written) => {
        if (!error) this.text += new TextDecoder().decode(bytes.subarray(offset, offset + written));
        done(error, written);
      },
    });
    if (this.automatic) queueMicrotask(() => this.finish(length));
  }

  writeSync(bytes: Uint8Array, offset: number): number {
    const written = Math.min(5, bytes.length - offset);
    this.text += new TextDecoder().decode(bytes.subarray(offset, offset + written));
    return written;
  }

  finish(written: number, error: NodeJS.ErrnoException | null = null): void {
    this.writes.at(-1)?.done(error, written);
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

test("the lines of one turn leave in one write", async () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("one");
  sink.write("two");
  expect(output.writes).toHaveLength(0);
  await turn();
  expect(output.writes.map(({ length }) => length)).toEqual([8]);
  output.finish(8);
  expect(output.text).toBe("one\ntwo\n");
});

test("lines that come during a write leave after it, and a partial write goes on where it stopped", async () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("one");
  await turn();
  sink.write("two");
  await turn();
  expect(output.writes).toHaveLength(1);
  output.finish(2);
  expect(output.text).toBe("on");
  output.finish(2);
  output.finish(4);
  expect(output.text).toBe("one\ntwo\n");
});

test("flush resolves when everything has left", async () => {
  const output = new FakeOutput();
  output.automatic = true;
  const sink = new BufferedSink(output);
  await sink.flush();
  sink.write("one");
  await turn();
  sink.write("two");
  await sink.flush();
  expect(output.text).toBe("one\ntwo\n");
});

test("a reader that reads nothing costs lines, not memory, and is told how many", async () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("first");
  await turn();
  const line = "x".repeat(1023);
  for (let i = 0; i < 10_000; i++) sink.write(line);
  output.finish(6);
  const waiting = output.writes.at(-1)?.length ?? 0;
  expect(waiting).toBeLessThan(8.1 * 1024 * 1024);
  output.finish(waiting);
  expect(output.text).toMatch(/x\n\(17\d\d log lines lost: the log's reader was too slow\)\n$/);
});

test("a full pipe is tried again", async () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("one");
  await turn();
  const again = Promise.withResolvers<void>();
  const write = output.write.bind(output);
  output.write = (...args) => {
    write(...args);
    again.resolve();
  };
  output.finish(0, failure("EAGAIN"));
  await again.promise;
  output.finish(4);
  expect(output.text).toBe("one\n");
});

test("a reader that is gone ends the log, not the process", async () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("one");
  await turn();
  output.finish(0, failure("EPIPE"));
  sink.write("two");
  await sink.flush();
  sink.flushSync();
  expect(output.text).toBe("");
  expect(output.writes).toHaveLength(1);
});

test("a failed write loses its lines, the next one is tried", async () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("one");
  await turn();
  output.finish(0, failure("ENOSPC"));
  sink.write("two");
  await turn();
  output.finish(4);
  expect(output.text).toBe("two\n");
});

test("at the exit, what waits is written at once", () => {
  const output = new FakeOutput();
  const sink = new BufferedSink(output);
  sink.write("the last line");
  sink.flushSync();
  expect(output.text).toBe("the last line\n");
});
