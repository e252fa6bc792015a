import { expect } from "bun:test";
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Client } from "../support/e2e/client.ts";
import { executable } from "../support/e2e/executable.ts";
import type { Program } from "../support/e2e/program.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { startTarget } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";

const file = "tests/e2e/log.test.ts";
const test = testWith(file);
const testRotated = testWith(file, "logrotate");
const conf = join(import.meta.dir, "../../conf");

/** A server that logs all it can into a file of its stage; resolves when the file says that it listens. */
async function startLogging(stage: Stage, file: string, more = ""): Promise<{ program: Program; port: number }> {
  const log = `[log]\nlevel = "debug"\nfile = "${file}"\n${more}`;
  const conf = stage.write("server.toml", `listen = "127.0.0.1:0"\n${log}`);
  const program = stage.start("server", [executable(), "--conf", conf]);
  const listening = await until("the log says that it listens", () => {
    if (!program.running) throw new Error(program.tail());
    return /listening.*rtmp"?[=:]"?127\.0\.0\.1:(\d+)/.exec(read(file))?.[1];
  });
  return { program, port: Number(listening) };
}

function read(file: string): string {
  return existsSync(file) && statSync(file).isFile() ? readFileSync(file, "utf8") : "";
}

async function visit(stage: Stage, port: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const client = await Client.connect(stage, { port });
    client.abort();
  }
}

/** Some visit one after another until they are told to end; how often they came. */
function visitors(stage: Stage, port: number, count: number): { end(): Promise<number> } {
  let [visits, over] = [0, false];
  const all = Array.from({ length: count }, async () => {
    for (; !over; visits++) await visit(stage, port, 1);
  });
  return {
    async end() {
      over = true;
      await Promise.all(all);
      return visits;
    },
  };
}

async function stop(program: Program): Promise<void> {
  program.signal("SIGTERM");
  expect(await program.ended()).toBe(0);
}

test.concurrent("a session's whole life as JSON: each line one object with time, level and msg", async () => {
  await using stage = new Stage();
  const file = stage.path("srs.log");
  const { program, port } = await startLogging(stage, file, 'format = "json"');
  const publisher = await Client.publish(stage, { port }, "show");
  const player = await Client.play(stage, { port }, "show");
  publisher.abort();
  await until("the log knows it", () => read(file).includes("publisher lost"));
  player.abort();
  await stop(program);
  const lines = read(file).trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const { time, level, msg } of events) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(level).toMatch(/^(debug|info|warn|error)$/);
    expect(msg).toMatch(/./);
  }
  const of = (wanted: string) => events.find(({ msg }) => msg === wanted);
  expect(of("publish started")).toMatchObject({ level: "info", id: "c1", stream: "/live/show" });
  expect(of("play started")).toMatchObject({ id: "c2", stream: "/live/show" });
  expect(of("publish ended, publisher lost")).toMatchObject({ id: "c1", packets: 0, bytes: 0 });
  expect(events.at(-1)).toMatchObject({ level: "info", msg: "stopped" });
  expect(program.lines).toEqual([]);
});

test.concurrent("files renamed under load lose no line and cut none", async () => {
  await using stage = new Stage();
  const file = stage.path("srs.log");
  const { program, port } = await startLogging(stage, file);
  const load = visitors(stage, port, 4);
  const rotated: string[] = [];
  for (let i = 1; i <= 5; i++) {
    await until("more lines", () => read(file).split("\n").length > 20);
    renameSync(file, `${file}.${i}`);
    rotated.push(`${file}.${i}`);
    program.signal("SIGUSR1");
    await until("the new file", () => read(file).includes("log reopened"));
  }
  const clients = await load.end();
  await stop(program);
  const texts = [...rotated, file].map(read);
  for (const text of texts) expect(text).toEndWith("\n");
  const lines = texts.flatMap((text) => text.trimEnd().split("\n"));
  expect(lines.filter((line) => !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO |WARN ) /.test(line))).toEqual([]);
  for (const message of ["accepted", "connected", "disconnected"]) {
    const ids = lines.flatMap((line) => new RegExp(`\\[c(\\d+)\\] ${message} addr`).exec(line)?.[1] ?? []);
    expect(ids.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: clients }, (_, at) => at + 1));
  }
});

testRotated.concurrent("logrotate with the file in conf/ loses no line", async () => {
  await using stage = new Stage();
  const log = stage.path("srs.log");
  const { program, port } = await startLogging(stage, log);
  const text = readFileSync(join(conf, "logrotate/srs"), "utf8");
  const [, signal] = /^ *systemctl kill .*--signal=(\w+) 'srs@\*\.service'$/m.exec(text) ?? [];
  const rotation = text
    .replace("/var/log/srs/*.log", stage.path("*.log"))
    .replace(/systemctl kill .*/, `kill -s ${signal?.replace("SIG", "")} ${program.pid}`);
  stage.write("rotation", rotation.replace(/^ *(?:delay)?compress$/gm, ""));
  chmodSync(stage.path("rotation"), 0o644);
  const load = visitors(stage, port, 1);
  for (let i = 1; i <= 3; i++) {
    await until("more lines", () => read(log).split("\n").length > 20);
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    const run = Bun.spawnSync(["logrotate", "--force", "--state", stage.path("state"), stage.path("rotation")], {
      env,
    });
    expect({ code: run.exitCode, err: run.stderr.toString() }).toEqual({ code: 0, err: "" });
    await until("the new file", () => read(log).includes("log reopened"));
  }
  const visits = await load.end();
  await stop(program);
  const lines = [3, 2, 1].map((at) => read(`${log}.${at}`)).join("") + read(log);
  for (let id = 1; id <= visits; id++) expect(lines).toInclude(`[c${id}] accepted`);
});

test.concurrent("a reload changes level, format and file, and a reload with a file that can't be opened changes nothing", async () => {
  await using stage = new Stage();
  const [old, fresh] = [stage.path("old.log"), stage.path("new.log")];
  const { program, port } = await startLogging(stage, old);
  await visit(stage, port, 1);
  const reload = (settings: string) => {
    stage.write("server.toml", `listen = "127.0.0.1:0"\n[log]\n${settings}`);
    program.signal("SIGHUP");
  };
  reload('level = "error"\nformat = "json"\nfile = "/nowhere/srs.log"');
  await until("the refusal", () => read(old).includes("configuration not reloaded"));
  expect(read(old)).toInclude("cannot write the log to /nowhere/srs.log: its directory does not exist");
  await visit(stage, port, 1);
  await until("it goes on as before", () => read(old).includes("[c2] accepted"));
  reload(`level = "info"\nformat = "json"\nfile = "${fresh}"`);
  await until("the new file", () => read(fresh).includes("configuration reloaded"));
  await visit(stage, port, 1);
  await stop(program);
  const events = read(fresh)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.filter(({ id }) => id === "c3").map(({ msg }) => msg)).toEqual(["connected", "disconnected"]);
  expect(read(old)).toEndWith("\n");
  expect(read(old)).not.toInclude("[c3]");
});

test.concurrent("the log continues at the new end of a file that was copied and truncated", async () => {
  await using stage = new Stage();
  const file = stage.path("srs.log");
  const { program, port } = await startLogging(stage, file);
  await visit(stage, port, 5);
  truncateSync(file);
  await visit(stage, port, 5);
  await stop(program);
  expect(read(file)).not.toInclude("\0");
  expect(read(file)).toMatch(/^\d{4}-.*\[c\d+\]/);
  expect(read(file)).toEndWith("INFO  stopped\n");
});

test.concurrent.each([
  ["a directory that does not exist", "/nowhere/srs.log", "its directory does not exist"],
  ["a directory", "/tmp", "it is a directory"],
  ["a path below a file", "/etc/passwd/srs.log", "no such file"],
])("a log in %s ends the start with one clear line and status 1", async (_what, file, reason) => {
  await using stage = new Stage();
  const conf = stage.write("server.toml", `listen = "127.0.0.1:0"\n[log]\nfile = "${file}"\n`);
  const { exitCode, stdout, stderr } = Bun.spawnSync([executable(), "--conf", conf], { timeout: WAIT_LIMIT_MS });
  expect({ exitCode, out: stdout.toString() }).toEqual({ exitCode: 1, out: "" });
  expect(stderr.toString()).toBe(`srs: cannot write the log to ${file}: ${reason}\n`);
});

test.concurrent("a log that can't be reopened continues in the old file and says so", async () => {
  await using stage = new Stage();
  const file = stage.path("srs.log");
  const { program, port } = await startLogging(stage, file);
  renameSync(file, `${file}.1`);
  symlinkSync("/nowhere/srs.log", file);
  program.signal("SIGUSR1");
  await until("it is told", () => read(`${file}.1`).includes("could not be reopened"));
  expect(read(`${file}.1`)).toMatch(
    /ERROR the log could not be reopened.* error="cannot write the log to .*srs\.log: its/,
  );
  await visit(stage, port, 1);
  await until("it goes on", () => read(`${file}.1`).includes("[c1] accepted"));
  await stop(program);
});

test.concurrent("a full disk stops no stream, is reported on standard error once, and the lines wait for another file", async () => {
  await using stage = new Stage();
  const [file, link] = [stage.path("real.log"), stage.path("srs.log")];
  writeFileSync(file, "");
  symlinkSync(file, link);
  const { program, port } = await startLogging(stage, link);
  rmSync(link);
  symlinkSync("/dev/full", link);
  program.signal("SIGUSR1");
  await program.line(/ERROR the log cannot be written, its lines wait to=.*srs\.log error="no space left on the disk"/);
  await visit(stage, port, 10);
  rmSync(link);
  symlinkSync(file, link);
  program.signal("SIGUSR1");
  await until("the lines that waited", () => /\[c10\] disconnected/.test(read(file)));
  for (let id = 1; id <= 10; id++) expect(read(file)).toInclude(`[c${id}] accepted`);
  expect(program.count(/cannot be written/)).toBe(1);
  expect(read(file)).not.toInclude("lines lost");
  await stop(program);
});

test.concurrent("SIGUSR1 with the log on standard output says that there is nothing to reopen", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  server.program.signal("SIGUSR1");
  await server.program.line(/INFO {2}the log is on standard output/);
});

test.concurrent("a signal without a use is logged, and ends nothing", async () => {
  await using stage = new Stage();
  const { program, port } = await startSrs(stage, "server");
  for (const signal of ["SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU"] as const) {
    program.signal(signal);
    await program.line(new RegExp(`WARN {2}signal ignored: it has no use here signal=${signal}`));
  }
  await visit(stage, port, 1);
  await stop(program);
});

test.concurrent("lines on standard output to the journal have a priority and no time", async () => {
  await using stage = new Stage();
  const conf = stage.write("server.toml", 'listen = "127.0.0.1:0"\n');
  // A file is as good as the journal's socket to be compared with the variable.
  const start = `exec >"$2"; export JOURNAL_STREAM=$(stat -c %d:%i "$2"); exec "$0" --conf "$1"`;
  const program = stage.start("server", ["sh", "-c", start, executable(), conf, stage.path("journal")]);
  await until("it listens", () => /^<6>INFO {2}listening rtmp=/m.test(read(stage.path("journal"))));
  await stop(program);
  for (const line of read(stage.path("journal")).trimEnd().split("\n")) expect(line).toMatch(/^<6>INFO {2}\w/);
});

test.concurrent("the reason why a server can't start is an error in the journal", async () => {
  await using stage = new Stage();
  const conf = stage.write("server.toml", "lisen = 1935\n");
  const start = `exec 2>"$2"; export JOURNAL_STREAM=$(stat -c %d:%i "$2"); exec "$0" --conf "$1"`;
  const program = stage.start("server", ["sh", "-c", start, executable(), conf, stage.path("journal")]);
  expect(await program.ended()).toBe(1);
  expect(read(stage.path("journal"))).toBe(`<3>${conf}:1: lisen: unknown key; did you mean "listen"?\n`);
});

/** Ways to say a secret that was used against servers of this kind; each is said where a stream or a URL is named. */
const secretSpellings = [
  ["live?token=SECRET-1", "show"],
  ["live", "show?key=SECRET-2"],
  ["live...vhost...v.example.com...sign=SECRET-3", "show"],
  ["live?vhost=v.example.com&secret=SECRET-4/x", "show"],
  ["live,vhost=v,key=SECRET-5", "show"],
  ["live&&vhost=v&key=SECRET-6", "show"],
  ["live", "?key=SECRET-7"],
  ["live", "sho#w?key=SECRET 8"],
  ["live", "show&token=SECRET-9"],
  ["live", "show?exp=9999999999&sign=SECRET-10"],
] as const;

test.concurrent.each(["text", "json"] as const)(
  "no secret gets into a %s log, however it is written",
  async (format) => {
    await using stage = new Stage();
    const target = await startTarget(stage, "refuses");
    const secrets = ["KEY-abcd-efgh", "PARAM-1234", "PUBLISHER-5678"];
    const server = await startSrs(stage, "server", {
      vhost: `publish.grace = 0\nsecurity.play_keys = "SECRET-PLAY-KEY-11"\n${forwardTo(
        `rtmp://127.0.0.1:${target.port}/live2/KEY-abcd-efgh`,
        `rtmp://127.0.0.1:${target.port}/app/[stream]?streamkey=PARAM-1234&[param]`,
        `127.0.0.1:${target.port}`,
      )}`,
      more: `[log]\nlevel = "debug"\nformat = "${format}"`,
    });
    await Client.publish(stage, { port: server.port }, "live1?pass=PUBLISHER-5678");
    await until(
      "all targets refused",
      () => server.program.count(/forward failed.*is taken/) === 3,
      WAIT_LIMIT_MS,
      () => server.program.tail(),
    );
    for (const [app, name] of secretSpellings) {
      const tcUrl = `rtmp://user:SECRET-0@127.0.0.1:${server.port}/${app}`;
      const client = await Client.open(stage, { port: server.port, app, tcUrl });
      const answer = await client.sayConnect();
      if (answer.name !== "_result") continue;
      const streamId = await client.createStream();
      client.say(streamId, "play", null, name);
      await until("an answer", () => client.statuses.length > 0 || client.closed);
    }
    await stop(server.program);
    const said = server.program.lines.join("\n");
    for (const secret of [...secrets, "SECRET"])
      expect(said.split("\n").filter((line) => line.includes(secret))).toEqual([]);
    expect(said).toInclude("***");
    expect(said).toInclude("/live2");
    expect(said).toInclude("/live/live1");
  },
);
