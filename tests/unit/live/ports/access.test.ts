import { expect, test } from "bun:test";
import { type CountingGuard, type Guard, GuardChain, type GuardResult } from "../../../../src/live/ports/access.ts";
import { accessRequest } from "../../../support/access.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const request = accessRequest();

class Stage {
  readonly clock = new FakeClock();
  /** Names of the guards that were asked, in order. */
  readonly asked: string[] = [];
  readonly answers: string[] = [];
  readonly gate: GuardChain;

  constructor(...checks: readonly (() => GuardResult | Promise<GuardResult>)[]) {
    const guards = checks.map((check, at): Guard => {
      const name = `guard ${at}`;
      return {
        name,
        check: () => {
          this.asked.push(name);
          return check();
        },
      };
    });
    this.gate = new GuardChain(guards, this.clock);
  }

  ask() {
    return this.gate.ask(request, (denial) => {
      this.answers.push(denial === undefined ? "in" : [denial.reason, denial.detail ?? ""].join("; "));
    });
  }
}

/** Lets what waits for promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const never = () => new Promise<GuardResult>(() => undefined);

test("a client is let in at once when no guard refuses it", () => {
  const stage = new Stage(
    () => undefined,
    () => undefined,
  );
  stage.ask();
  expect(stage.answers).toEqual(["in"]);
  expect(new Stage().gate.ask(request, (denial) => expect(denial).toBeUndefined())).toBeDefined();
});

test("guards are asked in their order, each once, until one refuses", async () => {
  const stage = new Stage(
    () => undefined,
    () => Promise.resolve(undefined),
    () => Promise.resolve({ kind: "denied", reason: "no", detail: "list" }),
    () => undefined,
  );
  stage.ask();
  expect(stage.answers).toEqual([]);
  await settle();
  expect(stage.answers).toEqual(["no; list"]);
  expect(stage.asked).toEqual(["guard 0", "guard 1", "guard 2"]);
});

test("a guard that throws or rejects counts as a refusal", async () => {
  const thrower = new Stage(() => {
    throw new Error("disk full");
  });
  thrower.ask();
  expect(thrower.answers).toEqual(['access could not be checked; "guard 0" failed: disk full']);
  const rejecter = new Stage(
    () => undefined,
    () => Promise.reject(new Error("timed out")),
    () => undefined,
  );
  rejecter.ask();
  await settle();
  expect(rejecter.answers).toEqual(['access could not be checked; "guard 1" failed: timed out']);
  expect(rejecter.asked).toHaveLength(2);
});

test("a guard that never answers counts as a refusal after 30 seconds, and no timer stays", async () => {
  const stage = new Stage(() => Promise.resolve(undefined), never);
  stage.ask();
  await settle();
  stage.clock.advance(29_999);
  expect(stage.answers).toEqual([]);
  stage.clock.advance(1);
  expect(stage.answers).toEqual(['access could not be checked in time; "guard 1" has not answered within 30 s']);
  expect(stage.clock.timers).toBe(0);
});

test("an answer that comes too late changes nothing", async () => {
  const { promise, resolve } = Promise.withResolvers<GuardResult>();
  const stage = new Stage(
    () => promise,
    () => undefined,
  );
  stage.ask();
  stage.clock.advance(30_000);
  resolve(undefined);
  await settle();
  expect(stage.answers).toHaveLength(1);
  expect(stage.asked).toEqual(["guard 0"]);
});

test("no answer is given once the request is cancelled, and no further guard is asked", async () => {
  const stage = new Stage(
    () => Promise.resolve(undefined),
    () => undefined,
  );
  stage.ask().cancel();
  await settle();
  expect(stage.answers).toEqual([]);
  expect(stage.asked).toEqual(["guard 0"]);
  expect(stage.clock.timers).toBe(0);
});

test("a client that cancels its requests and asks again can't keep guards busy without limit", async () => {
  const { promise, resolve } = Promise.withResolvers<GuardResult>();
  const stage = new Stage(() => promise);
  for (let count = 0; count < 16; count++) stage.ask().cancel();
  stage.ask();
  expect(stage.answers).toEqual(["more than 16 requests wait for an answer; "]);
  resolve(undefined);
  await settle();
  stage.ask();
  await settle();
  expect(stage.answers[1]).toBe("in");
  expect(stage.asked).toHaveLength(17);
});

test("a count is still true when the client is let in, however long other guards took and however many clients came meanwhile", async () => {
  let players = 0;
  const room: CountingGuard = {
    name: "room",
    check: () => (players < 2 ? undefined : { kind: "denied", reason: "full" }),
  };
  const slow: Guard = { name: "slow", check: () => new Promise((resolve) => setImmediate(() => resolve(undefined))) };
  // Counted early as well, to spare the slow one.
  const gate = new GuardChain([room, slow, room], new FakeClock());
  const answers: string[] = [];
  for (let client = 0; client < 12; client++)
    gate.ask(request, (denial) => {
      if (denial === undefined) players++;
      answers.push(denial?.reason ?? "in");
    });
  await settle();
  await settle();
  expect(answers.toSorted()).toEqual([...Array(10).fill("full"), "in", "in"]);
});

test("a guard that may take time can't be a counting guard", () => {
  // @ts-expect-error its answer may come too late
  const late: CountingGuard = { name: "late", check: async () => undefined };
  expect(late.check(request)).toBeInstanceOf(Promise);
});

test("guards that have allowed a request are notified when another one refuses it, or when it is withdrawn", async () => {
  const told: string[] = [];
  const guard = (name: string, check: Guard["check"]): Guard => ({
    name,
    check,
    withdrawn: (withdrawn) => told.push(`${name} ${withdrawn === request}`),
  });
  const { promise, resolve } = Promise.withResolvers<GuardResult>();
  const no: GuardResult = { kind: "denied", reason: "no" };
  const refused = new GuardChain(
    [guard("a", () => undefined), guard("b", async () => undefined), guard("c", () => no), guard("d", () => undefined)],
    new FakeClock(),
  );
  refused.ask(request, () => undefined);
  await settle();
  expect(told.splice(0)).toEqual(["a true", "b true"]);

  const slow = new GuardChain([guard("a", () => undefined), guard("b", () => promise)], new FakeClock());
  slow.ask(request, () => expect.unreachable()).cancel();
  // One that is deciding, too, and again when it has allowed it.
  expect(told.splice(0)).toEqual(["a true", "b true"]);
  resolve(undefined);
  await settle();
  expect(told.splice(0)).toEqual(["b true"]);

  let withdraw: () => void = () => expect.unreachable();
  new GuardChain([guard("a", () => undefined)], new FakeClock()).ask(request, (_, given) => {
    withdraw = given;
  });
  expect(told).toEqual([]);
  withdraw();
  withdraw();
  expect(told).toEqual(["a true"]);
});
