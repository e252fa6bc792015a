import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { rootTable } from "../../../../src/app/config/blocks.ts";
import type { Document } from "../../../../src/app/config/document.ts";
import { type Environment, withEnvironment } from "../../../../src/app/config/environment.ts";
import { ConfigErrors, type Loaded, loadConfig, parseConfig } from "../../../../src/app/config/index.ts";
import { withSecretFiles } from "../../../../src/app/config/secret-files.ts";
import { variablesOf } from "../../../../src/app/config/variables.ts";
import { UserError } from "../../../../src/base/errors.ts";
import { integer, list, text } from "../../../../src/config/key.ts";
import { table } from "../../../../src/config/table.ts";
import { arbitraryValue, keysOf } from "../../../support/config.ts";

const file = `listen = 1936
[vhost.__defaultVhost__]
forward = ["a"]
[vhost."live-1.example.com"]
gop_cache = false
`;

describe("a key is set by the variable of its name", () => {
  test("at the top, in a table, in the default vhost and in another", () => {
    const environment = {
      SRS_LISTEN: "1937 [::1]:1938",
      SRS_MAX_CONNECTIONS: "20",
      SRS_LOG_LEVEL: "warn",
      SRS_VHOST_FORWARD: "b\n c:1936 ",
      SRS_VHOST_GOP_CACHE: "off",
      SRS_VHOST_PUBLISH_GRACE: "3",
      SRS_VHOST__LIVE_1_EXAMPLE_COM__GOP_CACHE: "true",
      SRS_VHOST__LIVE_1_EXAMPLE_COM__MW_LATENCY: "auto",
    };
    const { config, origin } = load(file, environment);
    expect(config.listen).toEqual([
      { host: "::", port: 1937 },
      { host: "::1", port: 1938 },
    ]);
    expect(config).toMatchObject({ max_connections: 20, log: { level: "warn" } });
    const vhost = config.vhost.get("__defaultVhost__");
    expect(vhost).toMatchObject({ gop_cache: false, publish: { grace: 3 } });
    expect(vhost?.forward.map(({ text }) => text)).toEqual(["b", "c:1936"]);
    expect(config.vhost.get("live-1.example.com")).toMatchObject({ gop_cache: true, mw_latency: "auto" });
    expect(origin(["listen"])).toBe("SRS_LISTEN");
    expect(origin(["vhost", "__defaultVhost__", "publish", "grace"])).toBe("SRS_VHOST_PUBLISH_GRACE");
  });

  test("in an SRS file as well", () => {
    const { config } = load(
      "listen 1936;\nvhost __defaultVhost__ { gop_cache on; }",
      { SRS_LISTEN: "1937" },
      "srs.conf",
    );
    expect(config.listen).toEqual([{ host: "::", port: 1937 }]);
  });

  test("without a file", () => {
    const { config } = loadConfig(undefined, { SRS_LISTEN: "1937", SRS_VHOST_FORWARD: "edge" });
    expect(config.listen).toEqual([{ host: "::", port: 1937 }]);
    expect(config.vhost.get("__defaultVhost__")?.forward).toMatchObject([{ host: "edge" }]);
  });

  test("unless it is empty", () => {
    expect(load(file, { SRS_LISTEN: "", SRS_LSTEN: "" })).toMatchObject({
      config: { listen: [{ port: 1936 }] },
      warnings: [],
    });
  });

  test("and no two keys by the same", () => {
    const keys = keysOf(rootTable, "__defaultVhost__");
    const variables = variablesOf(rootTable, {});
    expect(variables.size).toBe(keys.length);
    expect([...variables.values()].filter(({ problem }) => problem !== undefined)).toEqual([]);
  });

  test("whatever its value", () => {
    const variables = [...variablesOf(rootTable, {})];
    const one = fc
      .constantFrom(...variables)
      .chain(([name, { key, path }]) => arbitraryValue(key).map((value) => ({ name, value, path: path.join(".") })));
    fc.assert(
      fc.property(one, ({ name, value, path }) => {
        const parsed: unknown = JSON.parse(value);
        const words = (Array.isArray(parsed) ? parsed : [parsed]).join(" ");
        const expected = outcome(() => parseConfig(words === "" ? "" : `${path} = ${value}`, "x.toml"));
        expect(outcome(() => loadConfig("/dev/null", { [name]: words }).config)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a variable's mistake is told with its name:", () => {
  test.each<[string, Environment, string]>([
    ["a wrong value", { SRS_LISTEN: "x" }, 'SRS_LISTEN: listen[0]: "x" has no port; write "x:1935"'],
    [
      "a wrong value in a vhost",
      { SRS_VHOST_GOP_CACHE: "yes" },
      'SRS_VHOST_GOP_CACHE: vhost.__defaultVhost__.gop_cache: must be true or false, not "yes"',
    ],
    [
      "a mistyped name",
      { SRS_MAX_CONECTIONS: "1" },
      "SRS_MAX_CONECTIONS: no key is set by this variable; did you mean SRS_MAX_CONNECTIONS?",
    ],
    [
      "a name in a table",
      { SRS_VHOST_PLAY_GOP_CACHE: "on" },
      "SRS_VHOST_PLAY_GOP_CACHE: no key is set by this variable; did you mean SRS_VHOST_GOP_CACHE?",
    ],
    [
      "SRS's name for a key",
      { SRS_VHOST_FORWARD_DESTINATION: "a" },
      "SRS_VHOST_FORWARD_DESTINATION: no key is set by this variable; did you mean SRS_VHOST_FORWARD?",
    ],
    [
      "a vhost that the file hasn't",
      { SRS_VHOST__OTHER_EXAMPLE_ORG__ENABLED: "on" },
      "SRS_VHOST__OTHER_EXAMPLE_ORG__ENABLED: no key is set by this variable; did you mean SRS_VHOST__LIVE_1_EXAMPLE_COM__ENABLED?",
    ],
    [
      "a secret that is not there",
      { SRS_LISTEN_FILE: "/nowhere/x" },
      "SRS_LISTEN_FILE: cannot read /nowhere/x: no such file",
    ],
    ["an empty secret", { SRS_LISTEN_FILE: "/dev/null" }, "SRS_LISTEN_FILE: cannot use /dev/null: it is empty"],
    [
      "a value twice",
      { SRS_LISTEN: "1", SRS_LISTEN_FILE: "/x" },
      "SRS_LISTEN_FILE: says what SRS_LISTEN says; unset one of them",
    ],
  ])("%s", (_, environment, message) => {
    expect(errorsOf(() => load(file, environment))).toEqual([message]);
  });

  test("the default vhost in a file that has only others", () => {
    expect(errorsOf(() => load('[vhost."a.b"]', { SRS_VHOST_ENABLED: "on" }))).toEqual([
      "SRS_VHOST_ENABLED: the configuration has no __defaultVhost__ that it could be for; it has a.b, whose variables begin with SRS_VHOST__A_B__",
    ]);
  });

  test("a name that means two vhosts", () => {
    const message = "it could be for vhost.a.b.enabled or for vhost.a-b.enabled; set it in the file";
    expect(errorsOf(() => load('[vhost."a.b"]\n[vhost.a-b]', { SRS_VHOST__A_B__ENABLED: "on" }))).toEqual([
      `SRS_VHOST__A_B__ENABLED: ${message}`,
    ]);
  });

  test("behind those of the file", () => {
    const lines = errorsOf(() => load("lisen = 1", { SRS_MAX_CONNECTIONS: "x", SRS_LOG_LEVEL: "x" }));
    expect(lines.map((line) => line.split(": ")[0]?.replace(/.*\//, ""))).toEqual([
      "x.toml:1",
      "SRS_LOG_LEVEL",
      "SRS_MAX_CONNECTIONS",
    ]);
  });
});

test("a variable that may be somebody else's is told but no error", () => {
  expect(load(file, { SRS_HOME: "/srs", SRSX: "1", srs_listen: "1" }).warnings).toEqual([
    "SRS_HOME: ignored: no key is set by this variable; docs/configuration.md says how they are named",
  ]);
});

test("what Kubernetes sets for a service called srs is nobody's mistake", () => {
  const links = {
    SRS_SERVICE_HOST: "10.0.0.1",
    SRS_SERVICE_PORT_RTMP: "1935",
    SRS_PORT: "tcp://10.0.0.1:1935",
    SRS_PORT_1935_TCP_ADDR: "10.0.0.1",
    SRS_VHOST_SERVICE_HOST: "10.0.0.1",
    SRS_LOG_PORT_1935_TCP: "x",
  };
  expect(load(file, links).warnings).toEqual([]);
});

test("variables of other programs are no configuration", () => {
  expect(() => loadConfig(undefined, { PATH: "/bin", SRS_HOME: "/srs" })).toThrow(
    "which configuration? Give --conf FILE",
  );
});

describe("a secret file", () => {
  test("is read for the variable with _FILE, without the line break at its end", () => {
    inFolder((write) => {
      const secret = write("secret", "edge\n");
      const { config, origin } = load(file, { SRS_VHOST_FORWARD_FILE: secret });
      expect(config.vhost.get("__defaultVhost__")?.forward).toMatchObject([{ host: "edge" }]);
      expect(origin(["vhost", "__defaultVhost__", "forward"])).toBe(`SRS_VHOST_FORWARD_FILE (${secret})`);
    });
  });

  test("is read where the file says so, for a value and for an item of a list", () => {
    inFolder((write) => {
      const [number, target] = [write("number", "20\r\n"), write("target", "b:1936")];
      const conf = write(
        "x.toml",
        `max_connections = { file = "${number}" }\n[vhost.a]\nforward = ["a",\n{ file = "${target}" }]`,
      );
      const { config, origin } = loadConfig(conf);
      expect(config.max_connections).toBe(20);
      expect(config.vhost.get("a")?.forward.map(({ text }) => text)).toEqual(["a", "b:1936"]);
      expect(origin(["max_connections"])).toBe(`${conf}:1 (${number})`);
      expect(origin(["vhost", "a", "forward", 1])).toBe(`${conf}:4 (${target})`);
    });
  });

  test.each([
    [
      'max_connections = { fil = "x" }',
      'max_connections: must be a value, or { file = "PATH" } for a file that has it',
    ],
    ['max_connections = { file = "/nowhere/x" }', "max_connections: cannot read /nowhere/x: no such file"],
    [
      "[vhost.a]\nforward = [{ file = 3 }]",
      'vhost.a.forward[0]: must be a value, or { file = "PATH" } for a file that has it',
    ],
  ])("%s is refused", (text, message) => {
    const lines = errorsOf(() => load(text, {}));
    expect(lines[0]).toEndWith(message);
    expect(lines[0]).toMatch(/x\.toml:\d+: /);
  });

  test("that is larger than a secret can be is refused", () => {
    inFolder((write) => {
      const large = write("large", "x".repeat(64 * 1024 + 1));
      expect(errorsOf(() => load(file, { SRS_LISTEN_FILE: large }))[0]).toEndWith("it is larger than 65536 bytes");
    });
  });
});

test("a key's own name goes before another key's with _FILE", () => {
  const common = { default: "", doc: "x", type: "a text", reload: "live" } as const;
  const root = table("x", { log: text(common), log_file: text(common) });
  const { document } = withEnvironment(
    root,
    nothing,
    { SRS_LOG_FILE: "a", SRS_LOG_FILE_FILE: "b" },
    (path) => `read ${path}`,
  );
  expect({ ...document.tree }).toEqual({ log_file: "a" });
  expect(document.errors.map(({ text }) => text)).toEqual([
    "SRS_LOG_FILE_FILE: says what SRS_LOG_FILE says; unset one of them",
  ]);
});

test("a text is a number or a flag only where the key takes one", () => {
  const common = { doc: "x", type: "a text", reload: "live" } as const;
  const none = { ...common, identity: () => undefined };
  const onlyNumbers = (value: unknown) => {
    if (typeof value === "number") return value;
    throw new UserError("must be a number");
  };
  const root = table("x", {
    secret: text({ ...common, default: "" }),
    limit: integer({ ...common, default: 0, unit: "", min: 0, max: 9 }),
    words: list<string>({ ...none, default: [], parse: String, toToml: String }),
    numbers: list<number>({ ...none, default: [], parse: onlyNumbers, toToml: Number }),
  });
  const set = { SRS_SECRET: "on", SRS_LIMIT: "5", SRS_WORDS: "1 off x", SRS_NUMBERS: "1 2" };
  const { document } = withEnvironment(root, nothing, set, String);
  expect({ ...withSecretFiles(root, document, String).tree }).toEqual({
    secret: "on",
    limit: 5,
    words: ["1", "off", "x"],
    numbers: [1, 2],
  });
});

const nothing: Document = { tree: {}, errors: [], warnings: [], place: () => undefined };

function load(text: string, environment: Environment, name = "x.toml"): Loaded {
  return inFolder((write) => loadConfig(write(name, text), environment));
}

function inFolder<T>(use: (write: (name: string, text: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "srs-env-"));
  try {
    return use((name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function errorsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigErrors) return error.lines;
    throw error;
  }
  return [];
}

/** The configuration, or that there is none. */
function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof ConfigErrors) return "refused";
    throw error;
  }
}
