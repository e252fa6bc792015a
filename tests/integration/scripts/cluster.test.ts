import { describe, expect, test } from "bun:test";
import { Cluster } from "../../../scripts/cluster.ts";
import { startDemo } from "../../../scripts/demo.ts";

const server = "echo listening on 0; exec sleep 300";

/** A cluster of shell scripts by name, and the lines it printed. */
function cluster(scripts: Record<string, string>, graceMs?: number) {
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  const members = Object.entries(scripts).map(([name, script]) => ({ name, command: ["sh", "-c", script] }));
  const print = (line: string): void => void lines.push(line);
  const running = new Cluster({
    members,
    print,
    onReady: ready.resolve,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  return { running, lines, ready: ready.promise };
}

describe("a cluster", () => {
  const polite = "trap 'echo bye; exit 0' TERM; echo listening on 0; while :; do sleep 0.05; done";

  test("says when all listen, and stops all with status 0, their last lines printed", async () => {
    const { running, lines, ready } = cluster({ origin: polite, "edge-1": polite });
    await ready;
    expect(lines.toSorted()).toEqual(["edge-1 | listening on 0", "origin | listening on 0"]);
    running.stop();
    running.stop();
    expect(await running.ended).toBe(0);
    expect(lines.slice(2).toSorted()).toEqual(["edge-1 | bye", "origin | bye"]);
  });

  test("stops the others when one ends, and says which and how", async () => {
    const { running, lines } = cluster({ origin: polite, "edge-1": "echo port 1 is taken >&2; exit 3" });
    expect(await running.ended).toBe(1);
    const taken = lines.indexOf("edge-1 | port 1 is taken");
    expect(lines.indexOf("edge-1 ended with status 3; stopping the others")).toBeGreaterThan(taken);
    expect(taken).toBeGreaterThanOrEqual(0);
  });

  test("kills a member that does not stop, and ends with status 1", async () => {
    const { running, lines, ready } = cluster({ origin: `trap '' TERM; ${server}` }, 50);
    await ready;
    running.stop();
    expect(await running.ended).toBe(1);
    expect(lines.at(-1)).toBe("origin did not stop cleanly: it ended by SIGKILL");
  });

  test("ends with status 1 when a member stops with a bad status", async () => {
    const { running, lines, ready } = cluster({ origin: server });
    await ready;
    running.stop();
    expect(await running.ended).toBe(1);
    expect(lines.at(-1)).toBe("origin did not stop cleanly: it ended by SIGTERM");
  });

  test("gives its members none of the variables that change a server's configuration", async () => {
    process.env.SRS_LISTEN = "7";
    try {
      const { running, lines } = cluster({ origin: "env | grep -c ^SRS_" });
      await running.ended;
      expect(lines[0]).toBe("origin | 0");
    } finally {
      delete process.env.SRS_LISTEN;
    }
  });
});

test("a test picture that is stopped leaves no lines of its encoder's", async () => {
  const lines: string[] = [];
  const begun = Promise.withResolvers<void>();
  const encoder = ["sh", "-c", "trap 'echo received signal 15; exit 0' TERM; echo begun; while :; do sleep 0.05; done"];
  const print = (line: string) => {
    lines.push(line);
    if (line.endsWith("begun")) begun.resolve();
  };
  const stop = startDemo("rtmp://127.0.0.1/live/show", "dist/srs", print, encoder);
  await begun.promise;
  await stop();
  expect(lines).toEqual(["demo   | publishing a test picture to rtmp://127.0.0.1/live/show", "demo   | begun"]);
});
