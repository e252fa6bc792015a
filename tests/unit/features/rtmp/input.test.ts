import { describe, expect, test } from "bun:test";
import { RtmpStage } from "../../../support/rtmp-stage.ts";
import { command, control } from "../../../support/session.ts";

const MIB = 1024 * 1024;

/** The beginning of a video message of 15 MB, so much of it, in one chunk. */
function unfinished(bytes: number): Uint8Array {
  const all = new Uint8Array(12 + bytes);
  all.set([4, 0, 0, 0, 0xe4, 0xe1, 0xc0, 9, 1, 0, 0, 0]);
  return all;
}

const BIG_CHUNKS = control(1, 0x7fffffff);

describe("Unfinished messages", () => {
  test.each([
    ["that has only connected", (stage: RtmpStage) => stage.connect()],
    ["that plays", (stage: RtmpStage) => stage.play()],
    [
      "that published and does no longer",
      (stage: RtmpStage) => {
        const client = stage.publish();
        client.say(command("FCUnpublish", 4, null, "show"));
        return client;
      },
    ],
  ])("of a client %s take 1 MiB at most", (_, join) => {
    const stage = new RtmpStage();
    const client = join(stage);
    client.say(BIG_CHUNKS, unfinished(200_000));
    expect([client.owner?.publishes, client.state]).toEqual([false, "open"]);
    expect(client.owner?.heldBytes).toBeGreaterThan(200_000);
    client.say(new Uint8Array(MIB));
    expect(client.state).toBe("closing");
    expect(client.owner?.heldBytes).toBe(0);
    expect(stage.logged("WARN")).toEqual([
      expect.stringMatching(
        /protocol error, .*error=unfinished messages would take \d+ bytes, more than the limit of 1048576/,
      ),
    ]);
  });

  test("of a publisher may be as large as a key frame, and count", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    publisher.say(BIG_CHUNKS, unfinished(2 * MIB));
    expect([publisher.owner?.publishes, publisher.state]).toEqual([true, "open"]);
    expect(publisher.owner?.heldBytes).toBeGreaterThan(2 * MIB);
    publisher.say(new Uint8Array(15_000_000 - 2 * MIB));
    expect([publisher.owner?.heldBytes, publisher.state]).toEqual([0, "open"]);
  });
});

test("a connection that is closed for the memory of its input makes one line, and is counted", () => {
  const stage = new RtmpStage();
  const client = stage.connect();
  stage.logged();
  client.owner?.onCut?.("70000000 bytes wait");
  expect(stage.logged()).toEqual(["WARN [c1] connection closed addr=10.0.0.9:1 error=70000000 bytes wait"]);
  expect([...stage.totals().refused]).toEqual([["input_memory", 1]]);
});
