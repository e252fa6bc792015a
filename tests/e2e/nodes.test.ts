import { expect } from "bun:test";
import { executable } from "../support/e2e/executable.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/nodes.test.ts");

const API = 'http_api.listen = "127.0.0.1:0"\n';
const SECRET = 'secret = "the secret of all nodes"\n';

/** Runs `srs status --cluster` for a server. */
async function status(server: ReloadServer, ...words: readonly string[]) {
  const conf = server.stage.path(`${server.program.name}.toml`);
  const call = [executable(), "status", "--cluster", "--conf", conf, ...words];
  const child = Bun.spawn(call, { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { exitCode: await child.exited, out, err };
}

test.concurrent("three nodes know each other: one that drains, one that is killed, one that comes back with another secret", async () => {
  await using stage = new Stage();
  const names = ["a", "b", "c"] as const;
  const servers = await Promise.all(names.map((name) => ReloadServer.start(stage, API, name)));
  const urls = await Promise.all(
    servers.map(async ({ program }) => `http://127.0.0.1:${await httpPort(program, "api")}`),
  );
  const [a, b, c] = servers as [ReloadServer, ReloadServer, ReloadServer];
  const peers = `peers = ${JSON.stringify(urls)}\n`;
  await Promise.all(
    servers.map((server) => {
      const advertise = `advertise = "rtmp://127.0.0.1:${server.port}"\n`;
      return server.reload(`${API}[cluster]\n${peers}${SECRET}${advertise}zone = "${server.program.name}"\n`);
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: an answer of the API
  const nodes = async (): Promise<any[]> =>
    ((await (await fetch(`${urls[0]}/api/v1/nodes`)).json()) as { nodes: unknown[] }).nodes;
  const stateOf = async (url: string | undefined, state: string) =>
    (await nodes()).find(({ peer, state: word }) => peer === url && word === state);

  const publisher = await b.publish();
  sendGop(publisher, 0, 5);
  const player = await c.play();
  await until("the streams of b at a", async () => {
    const known = await nodes();
    return known.length === 3 && known[1]?.published === 1 && known[2]?.connections === 1 ? known : undefined;
  });
  expect(await nodes()).toMatchObject([
    { self: true, zone: "a", state: "alive" },
    { peer: urls[1], zone: "b", state: "alive", streams: 1, problems: [] },
    { peer: urls[2], zone: "c", state: "alive", streams: 0, problems: [] },
  ]);
  const { out, exitCode } = await status(a, "--check");
  expect([out, exitCode]).toEqual(["ok\n", 0]);

  // One with a viewer drains, and listens no more.
  c.program.signal("SIGQUIT");
  await until("c drains", () => stateOf(urls[2], "draining"));
  player.abort();
  await until("c is gone", () => stateOf(urls[2], "dead"));

  await b.program.kill();
  await until("b is dead", () => stateOf(urls[1], "dead"));
  const wrong = await status(a, "--check");
  expect([wrong.exitCode, wrong.err]).toEqual([1, expect.stringContaining(`${urls[1]}: connection refused`)]);

  // Another process takes its place, with another secret: told at both ends, in one line.
  const lines = `http_api.listen = "${urls[1]?.slice(7)}"\n[cluster]\n${peers}`;
  const other = await ReloadServer.start(stage, `${lines}secret = "of another cluster"\n`, "d");
  await a.program.line(/peer does not answer .*refuses our signature/);
  await other.program.line(/a question of the cluster has a wrong signature/);
  await other.reload(`${lines}${SECRET}`);
  await until("b is back", () => stateOf(urls[1], "alive"));
  expect(a.program.lines.filter((line) => line.includes("refuses our signature"))).toHaveLength(1);
  expect(a.program.lines.join("\n")).not.toContain("the secret of all nodes");
});
