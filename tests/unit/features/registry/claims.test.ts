import { expect, test } from "bun:test";
import { Claims } from "../../../../src/features/registry/claims.ts";
import { OwnStreams } from "../../../../src/features/registry/own-streams.ts";
import { GuardChain } from "../../../../src/live/ports/access.ts";
import { accessRequest } from "../../../support/access.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const key = "__defaultVhost__/live/show";

/** Claims of the node `aa`, of streams that another node has: it has them as soon as `told.owner` says so. */
function stageOf() {
  const clock = new FakeClock();
  const told = { claims: 0, owner: "bb" };
  const own = new OwnStreams(() => undefined);
  const claims = new Claims({
    clock,
    nodeId: "aa",
    own,
    isUp: () => true,
    onConflict: () => "reject",
    nameOf: (id) => id,
    send: () => undefined,
    store: {
      announce: async (_, streams) => {
        told.claims++;
        return streams.map(() => ({ owner: told.owner, term: 1 }));
      },
    },
  });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(100);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  };
  /** A client asks whether it may publish. It may leave before the answer, or before it begins to publish. */
  const ask = () => {
    const answers: string[] = [];
    const client = { answers, leave: () => asked.cancel() };
    const asked = new GuardChain([claims], clock).ask(publish(), (denial, withdraw) => {
      answers.push(denial?.kind ?? "let in");
      client.leave = withdraw;
    });
    return client;
  };
  return { clock, claims, own, told, pass, ask };
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

test("a client that leaves before it publishes gives its claim up, whether the registry has answered or not", async () => {
  for (const passes of [0, 100]) {
    const { clock, own, told, pass, ask } = stageOf();
    told.owner = "aa";
    const client = ask();
    await pass(passes);
    client.leave();
    await pass(100);
    expect([own.claimed.size, [...own.changed], clock.timers]).toEqual([0, [key], 0]);
  }
});

test("a client's claim is kept when another one of the same stream leaves", async () => {
  const { own, told, pass, ask } = stageOf();
  told.owner = "aa";
  const [first, second] = [ask(), ask()];
  await pass(100);
  first.leave();
  expect([first.answers, second.answers, own.claimed.size]).toEqual([["let in"], ["let in"], 1]);
});

test("a claim that the registry grants after the client was refused is given up", async () => {
  const { claims, own, told, pass, ask } = stageOf();
  const client = ask();
  await pass(100);
  told.owner = "aa";
  claims.moved(key);
  claims.heard(`alive bb ${key}`);
  await pass(100);
  expect([client.answers, own.claimed.size, [...own.changed]]).toEqual([["busy"], 0, [key]]);
});
