import { expect, test } from "bun:test";
import { type Carry, MAX_CARRY_PIECE } from "../../../../src/live/ports/carry.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { mulberry32 } from "../../../support/random.ts";

/** A feature that carries pieces over. */
class Luggage implements Carry {
  readonly waiting: Uint8Array[] = [];
  readonly taken: Uint8Array[] = [];
  closed = false;
  complete = true;
  ready: () => void = () => undefined;
  /** What it makes of a piece. */
  onTake: (piece: Uint8Array) => void = () => undefined;

  give(ready: () => void) {
    this.ready = ready;
    return {
      next: () => this.waiting.shift(),
      close: () => {
        this.closed = true;
      },
    };
  }

  take(piece: Uint8Array): void {
    this.onTake(piece);
    this.taken.push(piece.slice());
  }
}

/** An old and a new process; what the new one's `join` has come to. */
function upgrade({ inNew = ["a"], inOld = ["a"] } = {}) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const [old, next] = ["old:1935", "new:1935"].map((name) => new FakeNode(clock, net, name)) as [FakeNode, FakeNode];
  const add = (node: FakeNode, names: readonly string[]) =>
    names.map((name) => {
      const luggage = new Luggage();
      node.carries.set(name, luggage);
      return luggage;
    });
  const [given = new Luggage()] = add(old, inOld);
  const [taken = new Luggage()] = add(next, inNew);
  const state = { joined: false };
  const begin = async () => {
    old.handover.expect("/old", () => undefined);
    void next.handover.join("/old", "/new").then(() => {
      state.joined = true;
    });
    await pass(200);
  };
  /** Lets time pass, for promises too. */
  const pass = async (ms: number) => {
    for (let step = 0; step < 20; step++) {
      clock.advance(ms / 20);
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    }
  };
  return { clock, given, taken, state, begin, pass, old, next };
}

const piece = (length: number, first: number) => Uint8Array.from({ length }, (_, at) => first + at);

test("the new process has all earlier content before it accepts clients, and gets later content", async () => {
  const { given, taken, state, begin, pass } = upgrade();
  const pieces = [piece(1, 1), piece(MAX_CARRY_PIECE, 2), piece(1000, 3)];
  given.waiting.push(...pieces);
  await begin();
  expect(state.joined).toBe(true);
  expect(taken.taken).toEqual(pieces);
  given.waiting.push(piece(10, 4));
  given.ready();
  await pass(200);
  expect(taken.taken.at(-1)).toEqual(piece(10, 4));
});

test("with nothing to carry over, the new process does not wait", async () => {
  for (const names of [
    { inNew: ["a"], inOld: [] },
    { inNew: [], inOld: ["a"] },
    { inNew: ["a"], inOld: ["a"] },
  ]) {
    const { state, begin } = upgrade(names);
    await begin();
    expect(state.joined).toBe(true);
  }
});

test("the old process may end once the new one needs nothing more of any feature", async () => {
  const { given, begin, old } = upgrade();
  await begin();
  given.complete = false;
  expect(old.handover.carried).toBe(false);
  given.complete = true;
  expect(old.handover.carried).toBe(true);
});

test("the old process may not end before the last piece has left it", async () => {
  const { given, taken, begin, old, pass } = upgrade();
  await begin();
  given.waiting.push(piece(MAX_CARRY_PIECE, 1), piece(MAX_CARRY_PIECE, 2));
  given.ready();
  expect(old.handover.carried).toBe(false);
  await pass(1000);
  expect([taken.taken.length, old.handover.carried]).toEqual([2, true]);
});

test("a piece that can't be read ends the transfer, not the upgrade", async () => {
  const { given, taken, state, begin, pass } = upgrade();
  given.waiting.push(piece(3, 1), piece(4, 2));
  taken.onTake = () => {
    throw new SyntaxError("what is this?");
  };
  await begin();
  await pass(1000);
  expect({ joined: state.joined, taken: taken.taken.length, closed: given.closed }).toEqual({
    joined: true,
    taken: 0,
    closed: true,
  });
});
