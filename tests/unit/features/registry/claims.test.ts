import { expect, test } from "bun:test";
import { Claims } from "../../../../src/features/registry/claims.ts";
import { OwnStreams } from "../../../../src/features/registry/own-streams.ts";
import { accessRequest } from "../../../support/access.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** Claims of a node, of streams that another node has. */
function stageOf() {
  const clock = new FakeClock();
  const told = { claims: 0 };
  const claims = new Claims({
    clock,
    nodeId: "aa",
    own: new OwnStreams(() => undefined),
    isUp: () => true,
    onConflict: () => "reject",
    nameOf: (id) => id,
    send: () => undefined,
    store: {
      announce: async (_, streams) => {
        told.claims++;
        return streams.map(() => ({ owner: "bb", term: 1 }));
      },
    },
  });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(100);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  };
  return { clock, claims, told, pass };
}

const publish = () => accessRequest({ action: "publish" });

test("a publisher that waits for another node's stream is refused when its time is over", async () => {
  const { claims, pass, told } = stageOf();
  let answer: unknown;
  void Promise.resolve(claims.check(publish())).then((result) => {
    answer = result;
  });
  await pass(6000);
  expect([answer, told.claims > 5]).toEqual([undefined, true]);
  await pass(1000);
  expect(answer).toMatchObject({ kind: "busy", detail: "at bb" });
});

test("publishers that have left wait no longer, and do not count among those that wait", async () => {
  const { claims, clock, pass, told } = stageOf();
  for (let round = 0; round < 3; round++) {
    const requests = Array.from({ length: 500 }, publish);
    for (const request of requests) void claims.check(request);
    // Before the registry has answered, or after.
    if (round > 0) await pass(200);
    for (const request of requests) claims.withdrawn(request);
  }
  await pass(1000);
  expect(clock.timers).toBe(0);
  told.claims = 0;
  let answer: unknown;
  void Promise.resolve(claims.check(publish())).then((result) => {
    answer = result;
  });
  await pass(3000);
  expect(answer).toBeUndefined();
  expect(told.claims).toBeLessThan(10);
});
