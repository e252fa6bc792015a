// `npm run soak`: an hour of players and publishers that come and go, while the server's memory is watched.
import { parseArgs } from "node:util";
import { builtExecutable, owned, positive, runCommand, scratchFolder } from "./command.ts";
import { startSrs } from "./compare/servers.ts";
import { rssOf } from "./compare/usage.ts";
import { growthOf, median } from "./growth.ts";

const USAGE = `npm run soak -- [--minutes M]

Runs dist/srs while publishers and players come and go, each for a few seconds to a minute, and prints its memory each
minute. Ends with 1 when the last minutes' median is over 10 % above that after ten minutes (a sixth of a shorter run);
a run of less than twelve minutes only prints.`;

const MINUTE_MS = 60_000;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { minutes: { type: "string", default: "60" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const minutes = positive("--minutes", values.minutes);
  return soak(builtExecutable(), minutes);
});

async function soak(executable: string, minutes: number): Promise<number> {
  const server = await startSrs(executable, scratchFolder("srs-soak"), "");
  const until = performance.now() + minutes * MINUTE_MS;
  const runs = { done: 0, connections: 0 };

  /** Runs `srs bench` repeatedly until the time is over, each time with other numbers. */
  async function lane(command: (round: number) => readonly string[], most: number): Promise<void> {
    for (let round = 0; performance.now() < until; round++) {
      const seconds = 5 + ((round * 7) % 41);
      const count = 1 + ((round * 37) % most);
      const args = [...command(round), "-n", String(count), "--seconds", String(seconds), "--rate", "200"];
      const bench = owned(Bun.spawn([executable, "bench", ...args], { stdio: ["ignore", "ignore", "ignore"] }));
      const timer = setTimeout(() => bench.kill("SIGINT"), Math.max(0, until - performance.now()));
      await bench.exited;
      clearTimeout(timer);
      runs.done++;
      runs.connections += count;
    }
  }

  const url = (stream: string) => `rtmp://127.0.0.1:${server.port}/live/${stream}`;
  const lanes = [
    lane((round) => ["publish", url(`many${round % 5}`), "--kbps", "300"], 60),
    lane((round) => ["both", url(`one${round % 3}`), "--kbps", "800", "--gop", String(1 + (round % 4))], 400),
    lane((round) => ["both", url(`two${round % 7}`), "--kbps", "200"], 150),
    // Streams without a publisher.
    lane((round) => ["play", url(`nothing${round}`)], 100),
  ];

  const samples: number[] = [];
  const timer = setInterval(() => {
    samples.push(rssOf(server.pid));
    if (samples.length % 60 === 0)
      console.log(`${samples.length / 60} min: ${median(samples.slice(-60)).toFixed(0)} MiB`);
  }, 1000);
  await Promise.all(lanes);
  clearInterval(timer);
  const alive = rssOf(server.pid) > 0;
  await server.stop();
  if (!alive) throw new Error(`the server has died:\n${server.log()}`);

  const growth = growthOf(samples);
  if (growth === undefined) throw new Error(`${minutes} min are too short to tell whether memory grows`);
  console.log(
    `${minutes} min, ${runs.done} runs of srs bench, ${runs.connections} connections: ` +
      `${growth.earlyMib.toFixed(0)} MiB after ${growth.earlyMinutes.toFixed(0)} min, ${growth.lateMib.toFixed(0)} MiB at the end` +
      (growth.grown === undefined ? " (too short to tell whether memory grows)" : ""),
  );
  return growth.grown === true ? 1 : 0;
}
