import { expect, test } from "bun:test";
import { type Config, ConfigErrors, parseConfig } from "../../../src/app/config/index.ts";
import { LiveConfig } from "../../../src/app/live-config.ts";
import { UserError } from "../../../src/base/errors.ts";

const read = (text: string): Config => parseConfig(text, "test.toml");

/** A configuration that is followed by parts which say what happens to them. */
function followed(text: string) {
  const live = new LiveConfig(read(text));
  const events: string[] = [];
  const problems = new Map<string, string>();
  for (const name of ["a", "b"]) {
    live.follow({
      prepare({ max_connections }) {
        const problem = problems.get(name);
        if (problem !== undefined) throw new UserError(problem);
        return {
          apply: () => events.push(`${name} takes ${max_connections}`),
          discard: () => events.push(`${name} gives back ${max_connections}`),
        };
      },
      apply: (next, before) =>
        events.push(
          `${name} goes from ${before.max_connections} to ${next.max_connections}, now ${live.current.max_connections}`,
        ),
    });
  }
  return { live, events, problems };
}

test("a change is prepared by all parts, then applied by all, then followed by all", () => {
  const { live, events } = followed("max_connections = 1");
  live.start();
  expect(events.splice(0)).toEqual(["a takes 1", "b takes 1"]);
  live.change(read("max_connections = 2"));
  expect(events).toEqual(["a takes 2", "b takes 2", "a goes from 1 to 2, now 2", "b goes from 1 to 2, now 2"]);
});

test("a value that one part refuses stops the change for all, and every reason is reported", () => {
  const { live, events, problems } = followed("max_connections = 1");
  problems.set("b", "no port\nno file");
  expect(() => live.change(read("max_connections = 2"))).toThrow(new ConfigErrors(["no port", "no file"]));
  expect(events).toEqual(["a gives back 2"]);
  expect(live.current.max_connections).toBe(1);
});

test("an exception of one part is thrown after the other parts have followed", () => {
  const { live, events } = followed("max_connections = 1");
  const faulty = new LiveConfig(live.current);
  faulty.follow({
    apply: () => {
      throw new TypeError("a fault");
    },
  });
  faulty.follow({ apply: (next) => events.push(`goes to ${next.max_connections}`) });
  expect(() => faulty.change(read("max_connections = 2"))).toThrow(new TypeError("a fault"));
  expect(events).toEqual(["goes to 2"]);
  expect(faulty.current.max_connections).toBe(2);
});

test("the same configuration again notifies no part", () => {
  const { live, events } = followed("max_connections = 1\n[vhost.a]");
  const before = live.current;
  expect(live.change(read("max_connections = 1\n[vhost.a]\ngop_cache = true"))).toEqual([]);
  expect([events, live.current]).toEqual([[], before]);
});
