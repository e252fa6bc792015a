import { expect, test } from "bun:test";
import {
  type AcceptedConnection,
  type ClientObserver,
  Clients,
  type PlayTask,
} from "../../../../src/live/ports/clients.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { LiveStage } from "../../../support/live.ts";

/** A register with one observer that notes what it is told. */
class Stage {
  readonly clock = new FakeClock();
  readonly clients = new Clients(this.clock);
  readonly told: string[] = [];
  readonly stream = new LiveStage().stream();

  constructor() {
    const observer: ClientObserver = {
      accepted: ({ id }) => this.told.push(`${id} accepted`),
      connected: ({ id, introduction }) => this.told.push(`${id} connected ${introduction?.url}`),
      began: ({ id, tasks }, { kind }) => this.told.push(`${id} began ${kind}, does ${tasks.length}`),
      ended: ({ id, tasks }, { bytes }, how) => this.told.push(`${id} ended ${how} ${bytes}, does ${tasks.length}`),
      disconnected: ({ id }, reason) => this.told.push(`${id} disconnected: ${reason}`),
    };
    // Observers hear of as much as they like.
    this.clients.observe({});
    this.clients.observe(observer);
  }

  add(id: string) {
    const connection = {
      bytesReceived: 0,
      bytesSent: 0,
      kicked: "",
      kick(reason: string) {
        this.kicked = reason;
      },
    } satisfies AcceptedConnection & { kicked: string };
    const remote = { host: "192.0.2.1", port: 5000 };
    return { connection, record: this.clients.add({ id, protocol: "http", remote }, connection) };
  }

  play(): PlayTask {
    return { kind: "play", stream: this.stream, relay: false, since: this.clock.now(), bytes: 7, lost: 0 };
  }
}

test("observers are notified of each step of a client's life, once", () => {
  const stage = new Stage();
  const { record } = stage.add("h1");
  record.introduction = { url: "http://h/live/show", software: "" };
  record.connected();
  const task = stage.play();
  record.began(task);
  record.ended(task, "unpublished");
  record.ended(task, "lost");
  record.disconnected("reset");
  expect(stage.told).toEqual([
    "h1 accepted",
    "h1 connected http://h/live/show",
    "h1 began play, does 1",
    "h1 ended unpublished 7, does 0",
    "h1 disconnected: reset",
  ]);
});

test("a client is found while its connection exists, with its identity and tasks", () => {
  const stage = new Stage();
  stage.clock.advance(5);
  const { record } = stage.add("h1");
  stage.add("h2");
  const task = stage.play();
  record.began(task);
  const found = stage.clients.find("h1");
  expect(found).toMatchObject({ protocol: "http", remote: { host: "192.0.2.1" }, since: stage.clock.now() });
  expect([...(found?.tasks ?? [])]).toEqual([task]);
  expect([...stage.clients.all()].map(({ id }) => id)).toEqual(["h1", "h2"]);
  record.disconnected(undefined);
  expect(stage.clients.find("h1")).toBeUndefined();
});

test("totals count present tasks, and bytes of all clients including those that are gone", () => {
  const stage = new Stage();
  const [one, other] = [stage.add("h1"), stage.add("h2")];
  one.record.began(stage.play());
  other.record.began(stage.play());
  Object.assign(one.connection, { bytesReceived: 10, bytesSent: 100 });
  Object.assign(other.connection, { bytesReceived: 1, bytesSent: 2 });
  expect(stage.clients.totals()).toEqual({ publishers: 0, players: 2, received: 11, sent: 102 });
  one.record.disconnected(undefined);
  one.record.disconnected(undefined);
  expect(stage.clients.totals()).toEqual({ publishers: 0, players: 1, received: 11, sent: 102 });
});

test("a client that is found can be kicked by its protocol", () => {
  const stage = new Stage();
  const { connection } = stage.add("h1");
  stage.clients.find("h1")?.kick("too loud");
  expect(connection.kicked).toBe("too loud");
});

test("a client is found by its id and by its unique id, which no other process gives to a client of its own", () => {
  const clock = new FakeClock();
  const [one, other] = [new Clients(clock, "a1"), new Clients(clock, "b2")];
  const connection = { bytesReceived: 0, bytesSent: 0, kick: () => undefined };
  for (const clients of [one, other])
    clients.add({ id: "c1", protocol: "rtmp", remote: { host: "192.0.2.1", port: 5000 } }, connection);
  const unique = one.uniqueId("c1");
  expect(unique).not.toBe(other.uniqueId("c1"));
  expect([one.find("c1")?.id, one.find(unique)?.id, other.find(unique)]).toEqual(["c1", "c1", undefined]);
  expect(one.uniqueId("")).toBe("");
});
