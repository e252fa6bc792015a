import { expect, test } from "bun:test";
import type { LineOutput } from "../../../../src/io/log/line-output.ts";
import { BufferedSink } from "../../../../src/io/log/line-sink.ts";
import { until } from "../../../support/e2e/wait.ts";

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

  closed = false;

  close(): void {
    this.closed = true;
  }

  finish(written: number, error: NodeJS.ErrnoException | null = null): void {
    this.writes.at(-1)?.done(error, written);
  }
}

function sinkTo(output: LineOutput, failures: string[] = []): BufferedSink {
  return new BufferedSink(output, {
    lostLine: (count) => `(${count} lines lost)`,
    onFailure: ({ code }) => failures.push(code ?? ""),
  });
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

test("the lines of one turn leave in one write", async () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
  sink.write("one");
  sink.write("two");
  expect(output.writes).toHaveLength(0);
  await turn();
  expect(output.writes.map(({ length }) => length)).toEqual([8]);
  output.finish(8);
  expect(output.text).toBe("one\ntwo\n");
});

test("lines that come during a write leave after it, and a partial write continues where it stopped", async () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
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
  const sink = sinkTo(output);
  await sink.flush();
  sink.write("one");
  await turn();
  sink.write("two");
  await sink.flush();
  expect(output.text).toBe("one\ntwo\n");
});

test("a reader that reads nothing loses lines, uses no memory, and then gets the number of lost lines", async () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
  sink.write("first");
  await turn();
  const line = "x".repeat(1023);
  for (let i = 0; i < 10_000; i++) sink.write(line);
  output.finish(6);
  const waiting = output.writes.at(-1)?.length ?? 0;
  expect(waiting).toBeLessThan(8.1 * 1024 * 1024);
  output.finish(waiting);
  expect(output.text).toMatch(/x\n\(17\d\d lines lost\)\n$/);
  expect(output.text).toInclude(`(${sink.lost} lines lost)`);
});

test("a full pipe is tried again", async () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
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
  const sink = sinkTo(output);
  sink.write("one");
  await turn();
  output.finish(0, failure("EPIPE"));
  sink.write("two");
  await sink.flush();
  sink.flushSync();
  expect(output.text).toBe("");
  expect(output.writes).toHaveLength(1);
});

test("a full disk is reported once, and the lines wait for room", async () => {
  const output = new FakeOutput();
  const failures: string[] = [];
  const sink = sinkTo(output, failures);
  sink.write("one");
  await turn();
  output.finish(2);
  output.finish(0, failure("ENOSPC"));
  sink.write("two");
  const retried = () => output.writes.length;
  await until("the next attempt", () => retried() === 3);
  output.finish(0, failure("ENOSPC"));
  await until("the one after it", () => retried() === 4);
  output.finish(2);
  output.finish(4);
  expect(output.text).toBe("one\ntwo\n");
  expect(failures).toEqual(["ENOSPC"]);
  expect(sink.lost).toBe(0);
});

test("lines that the disk has no room for too long are counted", async () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
  sink.write("first");
  await turn();
  output.finish(0, failure("ENOSPC"));
  for (let i = 0; i < 9000; i++) sink.write("x".repeat(1023));
  expect(sink.lost).toBeGreaterThan(700);
  expect(sink.lost).toBeLessThan(900);
});

test("another output takes over between two writes, and the old one is closed then", async () => {
  const [old, fresh] = [new FakeOutput(), new FakeOutput()];
  const sink = sinkTo(old);
  sink.write("one");
  await turn();
  sink.use(fresh);
  sink.write("two");
  expect(old.closed).toBe(false);
  old.finish(4);
  expect(old.closed).toBe(true);
  fresh.finish(4);
  expect([old.text, fresh.text]).toEqual(["one\n", "two\n"]);
});

test("with nothing under way and nothing waiting another output takes over at once", () => {
  const [old, fresh] = [new FakeOutput(), new FakeOutput()];
  sinkTo(old).use(fresh);
  expect([old.closed, fresh.closed]).toEqual([true, false]);
});

test("lines that wait go to the output that they were written for, later ones to the other", async () => {
  const [old, fresh] = [new FakeOutput(), new FakeOutput()];
  const sink = sinkTo(old);
  sink.write("one");
  sink.use(fresh);
  sink.write("two");
  await turn();
  expect(old.closed).toBe(false);
  old.finish(2);
  old.finish(2);
  expect(old.closed).toBe(true);
  fresh.finish(4);
  expect([old.text, fresh.text]).toEqual(["one\n", "two\n"]);
});

test("at the exit, lines that wait for two outputs are all written", () => {
  const [old, fresh] = [new FakeOutput(), new FakeOutput()];
  const sink = sinkTo(old);
  sink.write("one");
  sink.use(fresh);
  sink.write("two");
  sink.flushSync();
  expect(old.text + fresh.text).toBe("one\ntwo\n");
});

test("a line that was cut in the old output is whole in the new one", async () => {
  const [old, fresh] = [new FakeOutput(), new FakeOutput()];
  const sink = sinkTo(old);
  sink.write("one");
  sink.write("two");
  await turn();
  old.finish(6);
  old.finish(0, failure("ENOSPC"));
  sink.use(fresh);
  fresh.finish(4);
  expect([old.text, fresh.text]).toEqual(["one\ntw", "two\n"]);
  expect(old.closed).toBe(true);
});

test("an output that is replaced before its turn came is closed", async () => {
  const [old, never, fresh] = [new FakeOutput(), new FakeOutput(), new FakeOutput()];
  const sink = sinkTo(old);
  sink.write("one");
  await turn();
  sink.use(never);
  sink.use(fresh);
  old.finish(4);
  expect([old.closed, never.closed, fresh.closed]).toEqual([true, true, false]);
});

test("another output revives a log whose reader was gone, and gets the number of lost lines", async () => {
  const [old, fresh] = [new FakeOutput(), new FakeOutput()];
  const sink = sinkTo(old);
  sink.write("one");
  await turn();
  old.finish(0, failure("EPIPE"));
  sink.write("two");
  sink.use(fresh);
  sink.write("three");
  await turn();
  fresh.finish(fresh.writes.at(-1)?.length ?? 0);
  expect(fresh.text).toBe("three\n(1 lines lost)\n");
  expect(sink.lost).toBe(2);
});

test("at the exit, what a full disk did not take is tried once more", async () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
  sink.write("one");
  await turn();
  output.finish(0, failure("ENOSPC"));
  sink.write("two");
  sink.flushSync();
  expect(output.text).toBe("one\ntwo\n");
});

test("at the exit, what waits is written at once", () => {
  const output = new FakeOutput();
  const sink = sinkTo(output);
  sink.write("the last line");
  sink.flushSync();
  expect(output.text).toBe("the last line\n");
});
