import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { executable } from "../support/e2e/executable.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";

const SET = ["MIMALLOC_PURGE_DELAY=10000", "MIMALLOC_PURGE_HOLES_MIN_INTERVAL=10000"];

/** The allocator's variables in the environment by which a server of this one runs. */
async function variables(env: Record<string, string>): Promise<string[]> {
  await using stage = new Stage();
  const { program } = await startSrs(stage, "server", { env });
  const environment = readFileSync(`/proc/${program.pid}/environ`, "utf8").split("\0");
  return environment.filter((line) => line.startsWith("MIMALLOC_")).toSorted();
}

test("the allocator of a server keeps free memory for ten seconds, and the server keeps its process id at the start", async () => {
  expect(await variables({})).toEqual(SET);
});

test("a value that the operator sets for the allocator is not changed", async () => {
  expect(await variables({ MIMALLOC_PURGE_DELAY: "5" })).toEqual(["MIMALLOC_PURGE_DELAY=5", SET[1] ?? ""]);
});

test("a server that was started with open sockets keeps them, and the allocator as it is", async () => {
  expect(await variables({ LISTEN_FDS: "0" })).toEqual([]);
});

test("a server whose configuration is an open file reads it", async () => {
  await using stage = new Stage();
  const command = `exec "$0" --conf=/dev/fd/5 5<"$1"`;
  const conf = stage.write("server.toml", 'listen = "127.0.0.1:0"\n');
  await stage.start("server", ["sh", "-c", command, executable(), conf]).line(/ listening rtmp=/);
});
