import { expect, setDefaultTimeout, test } from "bun:test";
import { concat } from "../support/bytes.ts";
import { until } from "../support/e2e/wait.ts";
import { attack } from "../support/hostile/arena.ts";
import { command, filled, header, hello, publishing } from "../support/hostile/wire.ts";

setDefaultTimeout(90_000);

/** What the runtime itself may grow by while it is busy: garbage not yet collected, buffers of the kernel's reads. */
const BUSY_MB = 120;
const INPUT_MEMORY_MB = 64;

/** All but the end of a video message. */
const unfinished = concat([header(6, 16_000_000, 9, 1), filled(15_000_000)]);

test("unfinished messages of clients that do not publish do not fill the memory", async () => {
  const report = await attack(async ({ many }) => {
    for (const raw of await many(40)) {
      raw.send(hello());
      await raw.answer("_result");
      raw.send(unfinished);
      await raw.end();
    }
  });
  expect(report).toMatchObject({ running: true, lost: 0 });
  // Unlimited, they are 600 MB.
  expect(report.grownMb).toBeLessThan(BUSY_MB + INPUT_MEMORY_MB);
  expect(
    report.lines.filter((line) =>
      /unfinished messages would take \d+ bytes, more than the limit of 1048576/.test(line),
    ),
  ).not.toEqual([]);
});

test("unfinished messages of publishers are bounded in total, and the publishers that hold most are closed", async () => {
  const publishers = 60;
  const report = await attack(async ({ many, server }) => {
    const before = server.program.rss();
    const all = await many(publishers);
    for (const [i, raw] of all.entries()) {
      raw.send(publishing(`half-${i}`));
      await raw.answer("NetStream.Publish.Start");
      raw.send(unfinished);
      await Promise.race([raw.sent(), raw.end()]);
    }
    // Those who are left may have been left unread in the middle: they take less than they have said.
    await until("most are closed", () => all.filter(({ closed }) => !closed).length * 16 <= 2 * INPUT_MEMORY_MB);
    await server.program.line(/connection closed .*more than input_memory, 67108864/);
    // Twice the limit holds at once. Garbage comes to it, for as long as the machine is too busy to collect it. Unlimited, those who
    // stay keep 960 MB.
    const bound = BUSY_MB + 3 * INPUT_MEMORY_MB;
    await until("what they keep is bounded", () => server.program.rss() - before < bound);
  });
  // The well-behaved publisher is not among them.
  expect(report).toMatchObject({ running: true, lost: 0 });
});

test("a crowd of clients that come and leave together costs an honest player no packet, and leaves nothing behind", async () => {
  const streams = Array.from({ length: 20 }, (_, at) => at + 1);
  const report = await attack(
    async ({ many, server }) => {
      const words = concat([
        hello(),
        ...streams.map((id) => command(0, "createStream", id + 1, null)),
        ...streams.map((id) => command(id, "play", 0, null, `nobody-${id}`)),
      ]);
      const crowd = await many(1000);
      for (const raw of crowd) raw.send(words);
      await until("most of them are served", () => server.program.count(/play started .*nobody-20/) > 500, 60_000);
      for (const raw of crowd) raw.reset();
      await server.program.line(/summary connections=[23] publishers=1 players=1 streams=1/, 60_000);
    },
    { maxConnections: 1100 },
  );
  expect(report).toMatchObject({ running: true, lost: 0 });
});
