import { describe, expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { AddedTargets } from "../../../../src/features/forward/added-targets.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

/** A store in memory that fails while a test wants it to. */
class MemoryStore {
  readonly path = "/state.json";
  text: string | undefined;
  failure: string | undefined;

  constructor(text?: string) {
    this.text = text;
  }

  read(): string | undefined {
    return this.text;
  }

  async write(text: string): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw new UserError(this.failure);
    this.text = text;
  }
}

const request = { vhost: undefined, app: "live", stream: undefined, keep: true };
const name = { vhost: "__defaultVhost__", app: "live", stream: "show" };
const edge = { ...request, target: "rtmp://edge/live/[stream]?key=secret-of-the-edge" };
const start = (store: MemoryStore | undefined, log = new RecordingLog()) => new AddedTargets(store, log);

describe("A target that is to be kept", () => {
  test("exists again after a restart, under its id, and ids of removed ones are not reused", async () => {
    const store = new MemoryStore();
    const before = start(store);
    await before.add({ ...edge, keep: false, target: "gone:1935" });
    await Promise.all([before.add(edge), before.add({ ...request, target: "other:1935", stream: "x" })]);
    await before.remove("t3");
    const log = new RecordingLog();
    const after = start(store, log);
    expect(after.list()).toEqual([{ ...edge, id: "t2", target: "rtmp://edge/live/***" }]);
    expect(after.of(name)).toHaveLength(1);
    expect((await after.add({ ...request, target: "new:1935" })).id).toBe("t3");
    expect(log.lines.join()).toContain("t2 rtmp://edge/live/***");
    expect(log.lines.join()).not.toContain("secret-of-the-edge");
  });

  test("is not added when it can't be written, and not removed", async () => {
    const store = new MemoryStore();
    const targets = start(store);
    store.failure = "no space left on the disk";
    await expect(targets.add(edge)).rejects.toThrow("no space");
    expect([targets.list(), store.text]).toEqual([[], undefined]);
    store.failure = undefined;
    await targets.add(edge);
    store.failure = "no space left on the disk";
    await expect(targets.remove("t1")).rejects.toThrow("no space");
    expect(targets.list()).toHaveLength(1);
  });

  test("needs a file that the configuration names", async () => {
    await expect(start(undefined).add(edge)).rejects.toThrow("forward_state");
  });
});

describe("A file of targets", () => {
  test.each([
    "",
    "{",
    "null",
    "[]",
    '{"version":2,"targets":[]}',
    '{"version":1}',
    '{"version":1,"targets":[null]}',
    '{"version":1,"targets":[{"id":"x","target":"a"}]}',
    '{"version":1,"targets":[{"id":"t1","target":7}]}',
    '{"version":1,"targets":[{"id":"t1","target":"a","app":7}]}',
  ])("that is damaged is logged and not overwritten: %s", async (text) => {
    const [store, log] = [new MemoryStore(text), new RecordingLog()];
    const targets = start(store, log);
    expect([targets.list(), log.lines.length]).toEqual([[], 1]);
    await expect(targets.add(edge)).rejects.toThrow("/state.json is damaged");
    expect(store.text).toBe(text);
  });

  test("with one wrong target gives the others", () => {
    const list = [
      { id: "t1", target: "http://wrong/" },
      { id: "t2", target: "edge:1935" },
      { id: "t2", target: "twice:1935" },
    ];
    const log = new RecordingLog();
    const targets = start(new MemoryStore(JSON.stringify({ version: 1, targets: list })), log);
    expect(targets.list().map(({ id, target }) => `${id} ${target}`)).toEqual(["t2 edge:1935"]);
    expect(log.lines.join()).toContain("kept forward target is wrong");
  });
});
