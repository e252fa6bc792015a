import { beforeEach, expect, test } from "bun:test";
import { formatHostPort, parseListen } from "../../../../src/base/address.ts";
import { UserError } from "../../../../src/base/errors.ts";
import { plainEndpoint } from "../../../../src/io/net/listen-endpoint.ts";
import { Listeners } from "../../../../src/io/net/listeners.ts";

/** What is bound now, and what happened. */
const bound = new Set<string>();
const events: string[] = [];
/** Addresses that somebody else has. */
const taken = new Set<string>();
/** The port that was found last for port 0. */
let found = 0;
let listeners: Listeners;

beforeEach(() => {
  bound.clear();
  taken.clear();
  events.length = 0;
  found = 40_000;
  listeners = new Listeners(
    (endpoint) => {
      const { host, port: asked } = endpoint();
      const address = { host, port: asked || ++found };
      const name = formatHostPort(address);
      // As the kernel has it: one address of a port, or all of them.
      const clash = [...bound].some((other) => port(other) === port(name) && overlap(other, name));
      if (clash || taken.has(name)) throw new UserError(`cannot listen on ${name}`);
      bound.add(name);
      return { address, stop: () => bound.delete(name) };
    },
    {
      listening: (address, { protocol, tls }) =>
        events.push(`+${formatHostPort(address)}${protocol === "rtmp" ? "" : ` ${protocol}`}${tls ? " TLS" : ""}`),
      stopped: (address) => events.push(`-${formatHostPort(address)}`),
      lost: (address, error) => events.push(`lost ${formatHostPort(address)}: ${error.message}`),
    },
  );
});

const port = (name: string) => name.slice(name.lastIndexOf(":") + 1);
const overlap = (a: string, b: string) => a === b || a.startsWith("[::]") || b.startsWith("[::]");
const prepare = (...texts: (string | number)[]) =>
  listeners.prepare(texts.map((text) => ({ ...parseListen(text), ...plainEndpoint })));

test("a change opens new listeners and closes removed ones, and does not touch those that stay", () => {
  prepare(1935, "127.0.0.1:1936").apply();
  expect(events.splice(0)).toEqual(["+[::]:1935", "+127.0.0.1:1936"]);
  const change = prepare(1935, "127.0.0.1:1937");
  expect([...bound]).toEqual(["[::]:1935", "127.0.0.1:1936", "127.0.0.1:1937"]);
  expect(events).toEqual([]);
  change.apply();
  expect(events).toEqual(["-127.0.0.1:1936", "+127.0.0.1:1937"]);
  expect([...bound]).toEqual(["[::]:1935", "127.0.0.1:1937"]);
});

test("when one of them can't be opened, nothing changes, and each failure is named", () => {
  prepare(1935).apply();
  taken.add("127.0.0.1:1").add("127.0.0.1:3");
  expect(() => prepare("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")).toThrow(
    new UserError("cannot listen on 127.0.0.1:1\ncannot listen on 127.0.0.1:3"),
  );
  expect([...bound]).toEqual(["[::]:1935"]);
});

test("a discarded change closes what was opened for it", () => {
  prepare(1935).apply();
  prepare(1936).discard();
  expect([...bound]).toEqual(["[::]:1935"]);
});

test("one address of a port replaces all addresses of it, and the other way round", () => {
  prepare(1935).apply();
  prepare("127.0.0.1:1935").apply();
  expect([...bound]).toEqual(["127.0.0.1:1935"]);
  prepare(1935).discard();
  expect([...bound]).toEqual(["127.0.0.1:1935"]);
  expect(events).toEqual(["+[::]:1935", "-[::]:1935", "+127.0.0.1:1935"]);
});

test("an address that can't be reopened is reported", () => {
  prepare(1935).apply();
  const change = prepare("127.0.0.1:1935");
  taken.add("[::]:1935");
  change.discard();
  expect(events).toEqual(["+[::]:1935", "lost [::]:1935: cannot listen on [::]:1935"]);
  taken.clear();
  prepare(1935).apply();
  expect([...bound]).toEqual(["[::]:1935"]);
});

test("the port that was chosen for port 0 may be named by its number", () => {
  prepare("127.0.0.1:0").apply();
  prepare("127.0.0.1:40001").apply();
  prepare("127.0.0.1:40001", "127.0.0.1:0").apply();
  expect(events).toEqual(["+127.0.0.1:40001", "+127.0.0.1:40002"]);
});

test("port 0 may be listed several times", () => {
  const count = () => events.splice(0).join(" ");
  prepare("127.0.0.1:0", "127.0.0.1:0").apply();
  expect(count()).toBe("+127.0.0.1:40001 +127.0.0.1:40002");
  prepare("127.0.0.1:0").apply();
  expect(count()).toBe("-127.0.0.1:40002");
});

test("the policy of an address may change while it is listened on", () => {
  prepare(1935).apply();
  const change = listeners.prepare([{ ...plainEndpoint, host: "::", port: 1935, plain: false, tls: true }]);
  expect(events).toEqual(["+[::]:1935"]);
  change.apply();
  expect(events).toEqual(["+[::]:1935", "+[::]:1935 TLS"]);
  expect([...bound]).toEqual(["[::]:1935"]);
});

test("an address may change its protocol while it is listened on", () => {
  prepare(1935).apply();
  listeners.prepare([{ ...plainEndpoint, host: "::", port: 1935, protocol: "http" }]).apply();
  expect(events).toEqual(["+[::]:1935", "+[::]:1935 http"]);
  expect([...bound]).toEqual(["[::]:1935"]);
});
