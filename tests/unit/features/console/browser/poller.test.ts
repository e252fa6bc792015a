import { describe, expect, test } from "bun:test";
import { Poller } from "../../../../../src/features/console/browser/poller.ts";

describe("A poller", () => {
  /** A poller whose answers and timers a test lets come. */
  function pollerOf() {
    const stage = {
      ...{ asked: 0, hidden: false, told: [] as string[] },
      answer: (_: string) => {},
      fail: (_: Error) => {},
      due: undefined as (() => void) | undefined,
      waits: [] as number[],
      poller: undefined as unknown as Poller<string>,
    };
    stage.poller = new Poller<string>({
      nextMs: (answer) => (answer === "late" ? 250 : 1000),
      againMs: () => 5000,
      isHidden: () => stage.hidden,
      ask() {
        stage.asked++;
        return new Promise((resolve, reject) => {
          stage.answer = resolve;
          stage.fail = reject;
        });
      },
      onAnswer: (answer) => void stage.told.push(answer),
      onError: (error) => void stage.told.push(String(error)),
      after(ms, run) {
        stage.waits.push(ms);
        stage.due = run;
        return () => {
          stage.due = undefined;
        };
      },
    });
    return stage;
  }
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

  test("asks again as soon as its last answer says", async () => {
    const stage = pollerOf();
    stage.poller.ask();
    for (const answer of ["one", "late", "two"]) {
      stage.answer(answer);
      await settled();
      stage.due?.();
    }
    expect(stage.waits).toEqual([1000, 250, 1000]);
  });

  test("asks one question at a time, and the next one some time after its answer, or after what went wrong", async () => {
    const stage = pollerOf();
    stage.poller.ask();
    expect([stage.asked, stage.due]).toEqual([1, undefined]);
    stage.answer("one");
    await settled();
    stage.due?.();
    stage.fail(new Error("two"));
    await settled();
    expect(stage.told).toEqual(["one", "Error: two"]);
    expect(stage.asked).toBe(2);
    expect(stage.due).toBeDefined();
    expect(stage.waits).toEqual([1000, 5000]);
  });

  test("asks again at once when it was told to during a question", async () => {
    const stage = pollerOf();
    stage.poller.ask();
    stage.poller.ask();
    expect([stage.asked, stage.due]).toEqual([1, undefined]);
    stage.answer("from before");
    await settled();
    stage.due?.();
    stage.answer("from after");
    await settled();
    expect(stage.told).toEqual(["from before", "from after"]);
    expect(stage.waits).toEqual([0, 1000]);
  });

  test("asks nothing while the page is hidden, and continues when it is shown", async () => {
    const stage = pollerOf();
    stage.poller.ask();
    stage.answer("one");
    await settled();
    stage.hidden = true;
    stage.due?.();
    expect(stage.asked).toBe(1);
    stage.hidden = false;
    stage.poller.ask();
    expect(stage.asked).toBe(2);
  });

  test("reports nothing once it is stopped", async () => {
    const stage = pollerOf();
    stage.poller.ask();
    stage.poller.stop();
    stage.answer("one");
    await settled();
    stage.poller.ask();
    expect([stage.told, stage.asked, stage.due]).toEqual([[], 1, undefined]);
  });
});
