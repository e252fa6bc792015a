import { expect, test } from "bun:test";
import { ConnectionServers, type ServedConnection } from "../../../../src/live/ports/connection-servers.ts";
import type { ConnectionEnds } from "../../../../src/live/ports/connections.ts";
import { Refusals } from "../../../../src/live/ports/refusals.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openAccount } from "../../../support/open-door.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

/** A connection that says what is asked of it. */
class Asked implements ServedConnection {
  readonly name: string;
  readonly ends: ConnectionEnds;
  readonly #said: string[];
  publishing = 0;
  onTick: (() => void) | undefined;
  onReconfigure: (() => void) | undefined;

  constructor(name: string, ends: ConnectionEnds, said: string[]) {
    this.name = name;
    this.ends = ends;
    this.#said = said;
  }

  tick(now: number): void {
    this.#said.push(`${this.name} tick ${now}`);
    this.onTick?.();
  }

  reconfigure(): void {
    this.#said.push(`${this.name} reconfigure`);
    this.onReconfigure?.();
  }

  shutdown(how: string): void {
    this.#said.push(`${this.name} shutdown ${how}`);
  }

  onOpen(): void {}
  onData(): void {}
  onDrain(): void {}
  onClose(): void {}
}

class Stage {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly said: string[] = [];
  readonly connections: Asked[] = [];
  readonly account = openAccount(3);
  readonly servers = new ConnectionServers({
    clock: this.clock,
    log: this.log,
    refusals: new Refusals(this.clock, this.log),
    account: this.account,
    servers: ["rtmp", "http"].map((protocol) => ({
      protocol,
      accept: (id, ends) => {
        const connection = new Asked(`${protocol} ${id}`, ends, this.said);
        this.connections.push(connection);
        return connection;
      },
    })),
  });

  accept(protocol: string): boolean {
    return this.servers.accept(protocol, { host: "10.0.0.9", port: 7 }) !== undefined;
  }
}

test("protocols share one account of connections, and ids are unique across them", () => {
  const stage = new Stage();
  expect(["rtmp", "http", "http", "http"].map((protocol) => stage.accept(protocol))).toEqual([true, true, true, false]);
  expect(stage.connections.map(({ name }) => name)).toEqual(["rtmp c1", "http c2", "http c3"]);
  expect(stage.log.take()).toEqual(["warn connection refused addr=10.0.0.9:7 error=max_connections is reached, 3"]);
  stage.connections[0]?.ends.gone();
  expect([stage.accept("http"), stage.account.size]).toEqual([true, 3]);
});

test("connections are ticked once a second until they are closed", () => {
  const stage = new Stage();
  stage.accept("rtmp");
  stage.accept("http");
  stage.clock.advance(1000);
  stage.connections[0]?.ends.gone();
  stage.clock.advance(1000);
  stage.connections[1]?.ends.gone();
  expect(stage.said).toEqual(["rtmp c1 tick 1000", "http c2 tick 1000", "http c2 tick 2000"]);
  expect([stage.servers.idle, stage.clock.timers]).toEqual([true, 0]);
});

test("connections whose ticks take long, as thousands are closed at one time limit, are ticked over several turns", () => {
  const stage = new Stage();
  for (const _ of [1, 2, 3]) stage.accept("rtmp");
  const ticked: number[] = [];
  const turns: (() => void)[] = [];
  for (const connection of stage.connections) connection.onTick = () => stage.clock.spend(2);
  stage.clock.soon = (run) => {
    ticked.push(stage.said.length);
    turns.push(run);
  };
  stage.clock.advance(1000);
  expect(ticked).toEqual([2]);
  for (const run of turns.splice(0)) run();
  expect([stage.said.length, turns]).toEqual([3, []]);
});

test("a reload reaches publishers first, over several turns if connections take long, and anew if there is another one", () => {
  const stage = new Stage();
  for (const _ of [1, 2, 3]) stage.accept("rtmp");
  for (const connection of stage.connections) connection.onReconfigure = () => stage.clock.spend(2);
  const [, , publisher] = stage.connections;
  if (publisher !== undefined) publisher.publishing = 1;
  const reached = () => stage.said.splice(0).map((line) => line.replace(/rtmp (c.) reconfigure/, "$1"));
  stage.servers.reconfigure();
  expect(reached()).toEqual(["c3", "c1"]);
  stage.servers.reconfigure();
  expect(reached()).toEqual(["c3", "c1"]);
  stage.clock.turn();
  expect(reached()).toEqual(["c2", "c3"]);
  stage.clock.settle();
  expect(reached()).toEqual([]);
});

test("a reload does not reach a connection that has ended meanwhile", () => {
  const stage = new Stage();
  for (const _ of [1, 2, 3]) stage.accept("rtmp");
  const [first, second] = stage.connections;
  if (first !== undefined) first.onReconfigure = () => stage.clock.spend(4);
  stage.servers.reconfigure();
  second?.ends.gone();
  stage.clock.settle();
  expect(stage.said).toEqual(["rtmp c1 reconfigure", "rtmp c3 reconfigure"]);
});

test("a stop reaches publishers first, so that players are notified of the end", () => {
  const stage = new Stage();
  stage.accept("http");
  stage.accept("rtmp");
  const [player, publisher] = stage.connections;
  if (publisher !== undefined) publisher.publishing = 1;
  stage.servers.stop("lost");
  expect(stage.said).toEqual(["rtmp c2 shutdown lost", "http c1 shutdown lost", "rtmp c2 shutdown lost"]);
  expect([stage.servers.idle, stage.accept("http")]).toEqual([false, false]);
  player?.ends.gone();
  publisher?.ends.gone();
  expect(stage.servers.idle).toBe(true);
});

test("a server starts, runs, and drains", () => {
  const { servers } = new Stage();
  const stages = [servers.stage];
  servers.start();
  stages.push(servers.stage);
  servers.drain();
  stages.push(servers.stage);
  expect(stages).toEqual(["starting", "running", "draining"]);
});

test("a protocol with an account of its own has room when the others have none", () => {
  const own = openAccount(1);
  const clock = new FakeClock();
  const log = new RecordingLog();
  const said: string[] = [];
  const servers = new ConnectionServers({
    ...{ clock, log, refusals: new Refusals(clock, log), account: openAccount(1) },
    servers: ["rtmp", "api"].map((protocol) => ({
      protocol,
      account: protocol === "api" ? own : undefined,
      accept: (id, ends) => new Asked(`${protocol} ${id}`, ends, said),
    })),
  });
  const from = { host: "10.0.0.1", port: 1 };
  const taken = ["rtmp", "rtmp", "api", "api"].map((protocol) => servers.accept(protocol, from) !== undefined);
  expect(taken).toEqual([true, false, true, false]);
});
