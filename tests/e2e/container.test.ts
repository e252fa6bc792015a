import { expect } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Container } from "../support/container/container.ts";
import { containerProblem, image, mountFile } from "../support/container/image.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/container.test.ts";
const problem = containerProblem();
if (problem !== undefined) process.stdout.write(`skipped: ${file} can't make containers of namespaces: ${problem}\n`);
const test = problem === undefined ? testWith(file) : (testWith(file).skip as ReturnType<typeof testWith>);

test.concurrent("the image runs as process 1 of its user, read-only and without HOME, and stops on SIGTERM with status 0", async () => {
  await using stage = new Stage();
  const server = await Container.start(stage, "server", image());
  expect(await server.program.line(/listening .*rtmp/)).toInclude(":1935");
  expect(await server.program.line(/listening .*http/)).toInclude(":8080");
  await until("it is healthy", async () => (await server.health()).status === 0);
  expect(await server.health()).toEqual({ status: 0, said: "ok" });
  expect(server.program.lines.filter((line) => /WARN|ERROR|No configuration/.test(line))).toEqual([]);
  server.signal("SIGTERM");
  expect(await server.program.ended()).toBe(0);
});

test.concurrent("a container starts again over the process id and the socket of one that was killed", async () => {
  await using stage = new Stage();
  const first = await Container.start(stage, "first server", image());
  await until("it is healthy", async () => (await first.health()).status === 0);
  first.signal("SIGKILL");
  await first.program.ended();
  expect(readdirSync(join(first.kept, "run/srs")).toSorted()).toEqual(["srs.pid", "srs.sock"]);
  const second = await Container.start(stage, "second server", image(), { kept: first.kept });
  await until("it is healthy", async () => (await second.health()).status === 0);
});

test.concurrent("the health check finds the server whatever file and port it has, and fails while something is wrong", async () => {
  await using stage = new Stage();
  mountFile(image(), "/etc/srs/other.toml", "listen = 1936");
  const command = ["--conf", "/etc/srs/other.toml"];
  const server = await Container.start(stage, "server", image(), { command });
  await until("it is healthy", async () => (await server.health()).status === 0);
  mountFile(image(), "/etc/srs/other.toml", "lisen = 1936");
  server.signal("SIGHUP");
  await until("it is unhealthy", async () => (await server.health()).status === 1);
  expect((await server.health()).said).toMatch(/^the last reload was refused: .*lisen/);
});

test.concurrent("the server as process 1 waits for orphaned processes", async () => {
  await using stage = new Stage();
  const server = await Container.start(stage, "server", image());
  await server.program.line(/listening .*rtmp/);
  server.orphan();
  await until("it is a zombie", () => server.children().some((child) => child.endsWith(" Z")));
  await until("nothing is left of it", () => server.children().length === 0);
});
