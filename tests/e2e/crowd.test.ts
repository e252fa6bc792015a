import { expect } from "bun:test";
import { join } from "node:path";
import { Client } from "../support/e2e/client.ts";
import type { CrowdReport } from "../support/e2e/crowd.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader } from "../support/e2e/payloads.ts";
import type { Program } from "../support/e2e/program.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";

const test = testWith("tests/e2e/crowd.test.ts");

const crowd = join(import.meta.dir, "../support/e2e/crowd.ts");

function latest(program: Program): CrowdReport | undefined {
  const line = program.lines.findLast((each) => each.startsWith("{"));
  return line === undefined ? undefined : (JSON.parse(line) as CrowdReport);
}

/** Publishes 15 numbered pictures a second, a key frame each second, and as much audio, until the test ends. */
async function publishNumbers(stage: Stage, port: number, sizeBytes: number) {
  const publisher = await Client.publish(stage, { port }, "livestream");
  publisher.send(9, 0, avcHeader);
  publisher.send(8, 0, aacHeader);
  const state = { sent: 0 };
  const send = (): void => {
    const time = Math.round((state.sent * 1000) / 15);
    publisher.send(9, time, avcFrame(state.sent % 15 === 0, state.sent, sizeBytes));
    publisher.send(8, time + 5, aacFrame(state.sent));
    state.sent++;
  };
  send();
  const timer = setInterval(send, 1000 / 15);
  stage.defer(() => clearInterval(timer));
  return { state, stop: () => clearInterval(timer) };
}

test("3000 players on one edge all play without a loss or a missing picture", async () => {
  await using stage = new Stage();
  const players = 3000;
  const edge = await startSrs(stage, "edge", { maxConnections: 10_240 });
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge), maxConnections: 10_240 });
  const { state, stop } = await publishNumbers(stage, origin.port, 2000);
  await edge.program.line(/publish started/);
  const watcher = await Client.play(stage, { port: edge.port }, "livestream");
  const halls = [0, 1].map((at) => {
    const args = [String(edge.port), "live/livestream", String(players / 2)];
    return stage.start(`crowd ${at}`, [process.execPath, crowd, ...args]);
  });
  const all = (check: (report: CrowdReport) => boolean): boolean =>
    halls.every((hall) => {
      const report = latest(hall);
      return report !== undefined && check(report);
    });
  const shown = (): string => halls.map((hall) => hall.lines.at(-1)).join("\n");
  await until("all play", () => all(({ playing }) => playing === players / 2), WAIT_LIMIT_MS, shown);

  // A while of it: 6 s of the stream for every player.
  const from = state.sent;
  await until("all have another 90 pictures", () => all(({ behind }) => behind >= from + 90), WAIT_LIMIT_MS, shown);
  stop();
  const last = state.sent - 1;
  await until("all have the last picture", () => all(({ behind }) => behind === last), WAIT_LIMIT_MS, shown);
  for (const hall of halls) {
    expect(latest(hall)).toMatchObject({
      ready: players / 2,
      gone: 0,
      gaps: 0,
      badStarts: 0,
      behind: last,
      ahead: last,
    });
  }
  expect(watcher.packets.filter(({ type }) => type === 9).length).toBeGreaterThan(90);
  expect(edge.program.rss()).toBeLessThan(400);

  for (const hall of halls) hall.say("end\n");
  for (const hall of halls) expect(await hall.ended()).toBe(0);
  await until("all are gone", () => edge.program.count(/play ended .*lost=0/) === players);
  expect(edge.program.count(/play ended/)).toBe(players);
});

test("requests for 20000 names that nobody publishes leave no memory behind", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const connections = 60;
  const clients = await Promise.all(
    Array.from({ length: connections }, () => Client.connect(stage, { port: server.port })),
  );
  let asked = 0;
  const ask = async (client: Client, count: number): Promise<void> => {
    const id = await client.createStream();
    for (let at = 0; at < count; at++) {
      const before = client.statuses.length;
      client.say(id, "play", null, `name-${asked++}-with-some-length-to-it`, -2000);
      await client.status("NetStream.Play.Start", before);
      client.commands.length = 0;
      client.statuses.length = 0;
      // 100 commands a second are allowed, also after a pause of the machine's.
      await Bun.sleep(1000 / 80);
    }
    client.say(0, "deleteStream", null, id);
  };
  const round = (count: number): Promise<unknown> => Promise.all(clients.map((client) => ask(client, count)));
  await round(60);
  // A leak grows in every part; what the collector has not freed yet, in some.
  const grown: number[] = [];
  for (let part = 0; part < 3; part++) {
    const before = server.program.rss();
    await round(112);
    grown.push(server.program.rss() - before);
  }
  expect(asked).toBeGreaterThan(20_000);
  expect(Math.min(...grown)).toBeLessThan(8);
  for (const client of clients) expect(client.closed).toBe(false);
  await server.program.line(/summary connections=60 publishers=0 players=0 streams=0/);
});
