import { expect, test } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { Raw } from "../support/hostile/raw.ts";

test("connections that are reset before they are accepted take no place", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { maxConnections: 50 });
  server.program.signal("SIGSTOP");
  for (const raw of await Raw.many(stage, server.port, 100)) raw.reset();
  server.program.signal("SIGCONT");
  const client = await Client.connect(stage, { port: server.port });
  expect(client.closed).toBe(false);
  expect(server.program.lines.filter((line) => line.includes("refused"))).toEqual([]);
});
