import { expect } from "bun:test";
import packageJson from "../../package.json" with { type: "json" };
import { AmfObject } from "../../src/amf/value.ts";
import { Client, describe } from "../support/e2e/client.ts";
import { executable } from "../support/e2e/executable.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";

const test = testWith("tests/e2e/command-line.test.ts");

function run(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([executable(), ...args], { timeout: WAIT_LIMIT_MS });
  return { exitCode, out: stdout.toString(), err: stderr.toString() };
}

const example = `listen = 1935
max_connections = 10240

[vhost.__defaultVhost__]
gop_cache = true
forward = ["192.168.1.6:1935", "192.168.1.6:1936", "192.168.1.7:1935", "192.168.1.7:1936"]
`;

test.concurrent("--version prints version and commit, and --help prints every command and option", () => {
  const version = run("--version");
  expect(version.exitCode).toBe(0);
  expect(version.out).toMatch(
    new RegExp(`^srs ${packageJson.version.replaceAll(".", "\\.")} \\(([0-9a-f]{7,}(\\+dirty)?|unknown)\\)\\n$`),
  );
  const help = run("--help");
  expect(help.exitCode).toBe(0);
  for (const word of ["--conf FILE", "-c", "--help", "--version", "srs check"]) expect(help.out).toInclude(word);
  expect(version.err + help.err).toBe("");
});

test.concurrent("check prints the effective configuration, which is itself a configuration", async () => {
  await using stage = new Stage();
  const first = run("check", "--conf", stage.write("origin.toml", example));
  expect(first).toMatchObject({ exitCode: 0, err: "" });
  expect(first.out).toMatch(/^max_connections = 10240 {2}# \S+\/origin\.toml:2$/m);
  expect(first.out).toMatch(/^queue_length = 30 {2}# default$/m);
  const second = run("check", "-c", stage.write("effective.toml", first.out));
  const values = (out: string) => out.replaceAll(/ {2}#.*/g, "");
  expect(values(second.out)).toBe(values(first.out));
});

test.concurrent("check prints every error with its place, and ends with status 1", async () => {
  await using stage = new Stage();
  const wrong = stage.write("wrong.toml", 'listn = 1935\nmax_connections = "many"\n[vhost.a]\nforward = ["h:99999"]\n');
  const { exitCode, out, err } = run("check", "--conf", wrong);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
  const lines = err.trim().split("\n");
  expect(lines.length).toBe(3);
  for (const [at, place] of [":1", ":2", ":4"].entries()) expect(lines[at]).toInclude(`wrong.toml${place}`);
  expect(lines[0]).toInclude('did you mean "listen"');
  expect(run("--conf", wrong)).toEqual({ exitCode, out, err });
});

test.concurrent.each([
  ["a missing file", ["--conf", "/nowhere/srs.toml"], /nowhere\/srs\.toml/],
  ["no file at all", ["check"], /--conf FILE/],
  ["an unknown option", ["--config", "x"], /did you mean --conf/],
  ["an unknown command", ["chek"], /did you mean "check"/],
])("%s ends the start with one clear line and status 1", (_what, args, pattern) => {
  const { exitCode, out, err } = run(...args);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
  expect(err).toMatch(pattern);
  expect(err.trim().split("\n").length).toBe(1);
});

test.concurrent("a taken port ends the start with one clear line and status 1", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const conf = stage.write("second.toml", `listen = "127.0.0.1:${server.port}"\nmax_connections = 10\n`);
  const { exitCode, err } = run("--conf", conf);
  expect(exitCode).toBe(1);
  expect(err).toMatch(
    new RegExp(`^srs: cannot listen on 127\\.0\\.0\\.1:${server.port}: address already in use[^\\n]*\\n$`),
  );
});

test.concurrent("a limit of open files too low for max_connections ends the start with one clear line and status 1", async () => {
  await using stage = new Stage();
  const conf = stage.write("origin.toml", example.replace("1935", '"127.0.0.1:0"'));
  const { exitCode, stderr } = Bun.spawnSync(
    ["sh", "-c", 'ulimit -n 1024; exec "$0" --conf "$1"', executable(), conf],
    {
      timeout: WAIT_LIMIT_MS,
    },
  );
  expect(exitCode).toBe(1);
  expect(stderr.toString()).toMatch(
    /^srs: max_connections = 10240 needs \d+ open files and the limit is 1024[^\n]*\n$/,
  );
});

test.concurrent("connections beyond max_connections are refused at once and logged in a few lines, and later ones are accepted when others have left", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { maxConnections: 3 });
  const inside = await Promise.all([0, 1, 2].map(() => Client.connect(stage, { port: server.port })));
  const refused = await Promise.allSettled(Array.from({ length: 50 }, () => Client.open(stage, { port: server.port })));
  expect(refused.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => "rejected"));
  await server.program.line(/WARN .*max_connections/);
  inside[0]?.abort();
  await server.program.line(/disconnected/);
  await Client.connect(stage, { port: server.port });
  expect(inside[1]?.closed).toBe(false);
  expect(server.program.count(/connection refused .*max_connections/)).toBe(10);
});

test.concurrent("a client of a vhost that is switched off gets the reason before it is disconnected", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { more: '[vhost."off.example.com"]\nenabled = false' });
  const tcUrl = "rtmp://127.0.0.1/live?vhost=off.example.com";
  const client = await Client.open(stage, { port: server.port, tcUrl });
  const answer = await client.sayConnect();
  expect(answer.name).toBe("_error");
  expect(describe(answer.args[1] instanceof AmfObject ? answer.args[1] : answer.args[0])).toBe(
    'error NetConnection.Connect.Rejected vhost "off.example.com" is switched off',
  );
  await client.end();
  await server.program.line(/WARN .*connect refused .*switched off/);
  await until("the server is still there", () => server.program.running);
});

test.concurrent("without a file, commands find the server by the same variables that configure it", async () => {
  await using stage = new Stage();
  const env = { SRS_PID: stage.path("srs.pid"), SRS_LISTEN: "127.0.0.1:0" };
  const server = stage.start("server", [executable()], { env });
  await server.line(/listening/);
  const ask = (variables: Readonly<Record<string, string>>) => {
    const asked = Bun.spawnSync([executable(), "status", "--check"], { env: { ...process.env, ...variables } });
    return { exitCode: asked.exitCode, said: `${asked.stdout}${asked.stderr}` };
  };
  await until("it is in order", () => ask(env).exitCode === 0);
  expect(ask(env)).toEqual({ exitCode: 0, said: "ok\n" });
  const { SRS_LISTEN } = env;
  expect(ask({ SRS_LISTEN })).toEqual({
    exitCode: 1,
    said: 'srs: the environment has no pid file and no port to find the server by; add pid = "FILE"\n',
  });
});
