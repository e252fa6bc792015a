import { expect, test } from "bun:test";
import { type ChildOptions, startChild } from "../../../../src/io/os/child-process.ts";
import { until } from "../../../support/e2e/wait.ts";

/** A shell script that runs, and what came from it. */
function run(script: string, options: Partial<ChildOptions> = {}) {
  const outputs: string[] = [];
  const lines: string[] = [];
  const exits: string[] = [];
  let drains = 0;
  const child = startChild(
    { command: ["sh", "-c", script], outputs: 1, nice: 0, ...options },
    {
      output(index, bytes) {
        outputs[index] = (outputs[index] ?? "") + new TextDecoder().decode(bytes);
      },
      errorLine: (line) => lines.push(line),
      drained: () => drains++,
      exited: (reason) => exits.push(reason),
    },
  );
  const ended = () => until("the program has ended", () => exits.length > 0);
  return { child, outputs, lines, exits, ended, drains: () => drains };
}

test("a program's input, outputs and exit code come through", async () => {
  const { child, outputs, exits, ended } = run("cat; echo three >&3; echo four >&4; exit 7", { outputs: 3 });
  child.write(new TextEncoder().encode("one\n"));
  child.endInput();
  await ended();
  expect(outputs).toEqual(["one\n", "three\n", "four\n"]);
  expect(exits).toEqual(["it ended with code 7"]);
});

test("a program's error output comes in lines of bounded length", async () => {
  const { lines, ended } = run(
    'printf "a\\rb\\n\\n" >&2; head -c 100000 /dev/zero | tr "\\0" x >&2; echo >&2; echo end >&2',
  );
  await ended();
  expect(lines.map((line) => line.length)).toEqual([1, 1, 1000, 3]);
});

test("write reports that a program does not read, and drained is called when it reads again", async () => {
  const { child, outputs, drains, ended } = run("read go <&3; cat | wc -c", { outputs: 2 });
  expect(child.write(new Uint8Array(4_000_000))).toBe(false);
  expect(drains()).toBe(0);
  child.kill();
  await ended();
  expect(outputs[0] ?? "").toBe("");
  const reading = run("cat | wc -c");
  expect(reading.child.write(new Uint8Array(4_000_000))).toBe(false);
  await until("it has read", () => reading.drains() > 0);
  reading.child.endInput();
  await reading.ended();
  expect(reading.outputs[0]?.trim()).toBe("4000000");
});

test("a program that ignores SIGTERM is killed, with its children", async () => {
  const { child, outputs, exits, ended } = run('trap "" TERM; sleep 1000 & echo $!; while :; do sleep 1; done');
  await until("it runs", () => /\d+\n/.test(outputs[0] ?? ""));
  child.stop();
  await ended();
  expect(exits).toEqual(["it was ended by SIGKILL"]);
  const grandchild = Number(outputs[0]);
  await until("its child is gone", () => !isRunning(grandchild));
});

test("a program that does not exist is reported by an event, not thrown", async () => {
  const { exits, lines, ended } = run("", { command: ["/no/such/program"] });
  await ended();
  expect([...exits, ...lines].join(" ")).toMatch(/No such file|ENOENT/i);
});

test("a program runs with a lower priority", async () => {
  const { child, outputs, ended } = run("read go; nice", { nice: 7 });
  child.write(new TextEncoder().encode("go\n"));
  await ended();
  expect(Number(outputs[0])).toBeGreaterThanOrEqual(7);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
