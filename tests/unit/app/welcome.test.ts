import { expect, test } from "bun:test";
import { loadConfig, parseConfig } from "../../../src/app/config/index.ts";
import { welcome } from "../../../src/app/welcome.ts";

test("a server on the defaults says what to publish to and play from", () => {
  const { config, isDefault } = loadConfig({ path: undefined, orDefaults: true });
  expect(isDefault).toBe(true);
  const lines = welcome(config);
  expect(lines).toContain("  Publish to  rtmp://127.0.0.1/live/livestream");
  expect(lines).toContain("  Play from   rtmp://127.0.0.1/live/livestream");
});

test("a configured port is in the URLs", () => {
  expect(welcome(parseConfig("listen = 1936", "x.toml"))[2]).toBe(
    "  Publish to  rtmp://127.0.0.1:1936/live/livestream",
  );
});

test("a variable of the environment is a configuration", () => {
  expect(loadConfig({ path: undefined, orDefaults: true }, { SRS_LISTEN: "1937" }).isDefault).toBe(false);
});
