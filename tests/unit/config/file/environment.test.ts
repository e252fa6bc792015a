import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { rootTable } from "../../../../src/app/config/blocks.ts";
import { ConfigErrors, type Loaded, loadConfig, parseConfig } from "../../../../src/app/config/index.ts";
import { UserError } from "../../../../src/base/errors.ts";
import type { Document } from "../../../../src/config/file/document.ts";
import { type Environment, withEnvironment } from "../../../../src/config/file/environment.ts";
import { withSecretFiles } from "../../../../src/config/file/secret-files.ts";
import { variablesOf } from "../../../../src/config/file/variables.ts";
import { integer, list, text } from "../../../../src/config/key.ts";
import { table } from "../../../../src/config/table.ts";
import { arbitraryValue, errorsOf, keysOf } from "../../../support/config.ts";

const file = `listen = 1936
[vhost.__defaultVhost__]
forward = ["a"]
[vhost."live-1.example.com"]
gop_cache = false
`;

describe("a variable sets the key of its name", () => {
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

  test("beside an SRS file as well", () => {
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

  test("unless the variable is empty", () => {
    expect(load(file, { SRS_LISTEN: "", SRS_LSTEN: "" })).toMatchObject({
      config: { listen: [{ port: 1936 }] },
      warnings: [],
    });
  });

  test("and no other key", () => {
    // Users and engines have names that only a file gives.
    const keys = keysOf(rootTable, "__defaultVhost__").filter(([path]) => !/user|.transcode/.test(path.join(".")));
    const variables = variablesOf(rootTable, {});
    expect(variables.size).toBe(keys.length);
    expect([...variables.values()].filter(({ problem }) => problem !== undefined)).toEqual([]);
  });

  test("whatever value it has", () => {
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
      { numRuns: 100 },
    );
  });
});

describe("an error in a variable is reported with its name:", () => {
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
      { SRS_VHOST_EDGE_GOP_CACHE: "on" },
      "SRS_VHOST_EDGE_GOP_CACHE: no key is set by this variable; did you mean SRS_VHOST_GOP_CACHE?",
    ],
    [
      "a name longer than a key's",
      { SRS_VHOST_FORWARD_TARGETS: "a" },
      "SRS_VHOST_FORWARD_TARGETS: no key is set by this variable; did you mean SRS_VHOST_FORWARD?",
    ],
    [
      "SRS's name for a key beside ours",
      { SRS_VHOST_PLAY_GOP_CACHE: "on", SRS_VHOST_GOP_CACHE: "off" },
      "SRS_VHOST_GOP_CACHE: says what SRS_VHOST_PLAY_GOP_CACHE says; unset one of them",
    ],
    [
      "a wrong value by SRS's name",
      { SRS_VHOST_PLAY_QUEUE_LENGTH: "x" },
      'SRS_VHOST_PLAY_QUEUE_LENGTH: queue_length: must be a whole number of seconds from 1 to 3600, or a text such as "5s" or "2m", not "x"',
    ],
    [
      "what must not be missing, by SRS's name",
      { SRS_VHOST_DVR_ENABLED: "on", SRS_VHOST_DVR_DVR_PATH: "./x" },
      "SRS_VHOST_DVR_ENABLED: dvr: this server has no DVR, so nothing would be recorded; remove it, or start without it: --ignore dvr",
    ],
    [
      "credentials of the API, by SRS's names",
      { SRS_HTTP_API_ENABLED: "on", SRS_HTTP_API_AUTH_ENABLED: "on", SRS_HTTP_API_AUTH_PASSWORD: "secret" },
      "SRS_HTTP_API_AUTH_PASSWORD: password: has no username beside it",
    ],
    [
      "a mistyped name of a key of security",
      { SRS_VHOST_SECURITY_ALOW: "all" },
      "SRS_VHOST_SECURITY_ALOW: no key is set by this variable; did you mean SRS_VHOST_SECURITY_ALLOW?",
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

  test("a variable for the default vhost beside a file that has only other vhosts", () => {
    expect(errorsOf(() => load('[vhost."a.b"]', { SRS_VHOST_ENABLED: "on" }))).toEqual([
      "SRS_VHOST_ENABLED: the configuration has no __defaultVhost__ that it could be for; it has a.b, whose variables begin with SRS_VHOST__A_B__",
    ]);
  });

  test("a name that could mean two vhosts", () => {
    const message = "it could be for vhost.a.b.enabled or for vhost.a-b.enabled; set it in the file";
    expect(errorsOf(() => load('[vhost."a.b"]\n[vhost.a-b]', { SRS_VHOST__A_B__ENABLED: "on" }))).toEqual([
      `SRS_VHOST__A_B__ENABLED: ${message}`,
    ]);
  });

  test("several variables, after the errors of the file", () => {
    const lines = errorsOf(() => load("lisen = 1", { SRS_MAX_CONNECTIONS: "x", SRS_LOG_LEVEL: "x" }));
    expect(lines.map((line) => line.split(": ")[0]?.replace(/.*\//, ""))).toEqual([
      "x.toml:1",
      "SRS_LOG_LEVEL",
      "SRS_MAX_CONNECTIONS",
    ]);
  });
});

describe("SRS's own name for a directive", () => {
  test("sets what the directive sets: without a file, beside TOML, and instead of the SRS file's value", () => {
    const environment = {
      SRS_VHOST_PLAY_GOP_CACHE: "off",
      SRS_VHOST_FORWARD_ENABLED: "on",
      SRS_VHOST_FORWARD_DESTINATION: "b c:1936",
      SRS_LOG_LEVEL: "trace",
      SRS_LOG_TANK: "console",
      SRS_DAEMON: "off",
    };
    const expected = { gop_cache: false, forward: [{ host: "b" }, { host: "c", port: 1936 }] };
    const alone = loadConfig(undefined, environment);
    const files: [string, string][] = [
      ["x.toml", file],
      [
        "srs.conf",
        "srs_log_level error; vhost __defaultVhost__ { gop_cache on; forward { enabled off; destination z; } }",
      ],
    ];
    for (const { config, origin, warnings } of [alone, ...files.map(([name, text]) => load(text, environment, name))]) {
      expect(config.vhost.get("__defaultVhost__")).toMatchObject(expected);
      expect(config.log.level).toBe("info");
      expect(origin(["vhost", "__defaultVhost__", "gop_cache"])).toBe("SRS_VHOST_PLAY_GOP_CACHE");
      expect(warnings).toEqual([]);
    }
  });

  test("switches on what the file describes, and off what it asks for", () => {
    const conf = "vhost __defaultVhost__ { forward { enabled off; destination b; } dvr { enabled on; } }";
    const { config } = load(conf, { SRS_VHOST_FORWARD_ENABLED: "on", SRS_VHOST_DVR_ENABLED: "off" }, "srs.conf");
    expect(config.vhost.get("__defaultVhost__")?.forward).toMatchObject([{ host: "b" }]);
  });

  test("is reported if this server does not have the feature, and is never read as a key of security", () => {
    const environment = { SRS_HTTP_API_ENABLED: "on", SRS_VHOST_SRT_ENABLED: "on", SRS_VHOST_HLS_HLS_PATH: "./x" };
    expect(load(file, environment).warnings).toEqual([
      "SRS_HTTP_API_ENABLED: enabled: ignored: other addresses than 127.0.0.1, as without auth everybody could command the server; add auth for other machines",
      "SRS_VHOST_SRT_ENABLED: srt: left out: this server has no SRT",
    ]);
    expect(errorsOf(() => load(file, { SRS_VHOST_SECURE_ENABLED: "on" })).join()).toInclude("SECURITY");
    for (const name of ["SRS_VHOST_SRTS_ENABLED", "SRS_VHOST_QUALITY_DENY", "SRS_VHOST_REFERRER_PLAY"]) {
      const said = errorsOf(() => load(file, { [name]: "on" })).join();
      expect(said).toStartWith(`${name}: no key is set by this variable`);
      expect(said).not.toInclude("SECURITY");
    }
  });

  test("is reported with its reason if it is part of what has no effect here", () => {
    const environment = { SRS_HTTP_API_ENABLED: "on", SRS_HTTP_API_RAW_API_ENABLED: "on", SRS_THREADS_INTERVAL: "5" };
    expect(load("http_api { listen 127.0.0.1:1985; }", environment, "srs.conf").warnings).toEqual([
      "SRS_HTTP_API_RAW_API_ENABLED: raw_api: ignored: /api/v1/raw is there, and reloads for users with the role admin",
      "SRS_THREADS_INTERVAL: threads: ignored: there is one",
    ]);
  });

  test("of a vhost sets the default vhost", () => {
    const message =
      "SRS_VHOST_PLAY_GOP_CACHE: the configuration has no __defaultVhost__ that it could be for; it has a.b";
    expect(errorsOf(() => load('[vhost."a.b"]', { SRS_VHOST_PLAY_GOP_CACHE: "on" }))[0]).toStartWith(message);
    expect(errorsOf(() => load("vhost a.b { }", { SRS_VHOST_PLAY_GOP_CACHE: "on" }, "srs.conf"))).toEqual([
      "SRS_VHOST_PLAY_GOP_CACHE: gop_cache: it is for __defaultVhost__, which the file does not have",
    ]);
  });
});

test("SRS_IGNORE names the features without which the server starts, as --ignore does", () => {
  const { warnings } = load("vhost a { dvr { enabled on; } }", { SRS_IGNORE: "dvr, transcode" }, "srs.conf");
  expect(warnings[0]).toEndWith("dvr: left out: this server has no DVR, so nothing would be recorded");
  expect(() => load(file, { SRS_IGNORE: "security" })).toThrow(
    '--ignore "security": the server does not start without this',
  );
});

test("a variable that may belong to another program gets a warning, not an error", () => {
  expect(load(file, { SRS_HOME: "/srs", SRSX: "1", srs_listen: "1" }).warnings).toEqual([
    "SRS_HOME: ignored: no key is set by this variable; see docs/configuration.md for their names",
  ]);
});

test("the variables that Kubernetes sets for a service called srs are no errors", () => {
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

  test("is read if the configuration file refers to it, for a value and for an item of a list", () => {
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

  test("is refused if it is larger than a secret can be", () => {
    inFolder((write) => {
      const large = write("large", "x".repeat(64 * 1024 + 1));
      expect(errorsOf(() => load(file, { SRS_LISTEN_FILE: large }))[0]).toEndWith("it is larger than 65536 bytes");
    });
  });
});

test("a key's own variable takes precedence over another key's with _FILE", () => {
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

test("a variable's text is read as a number or a flag only for keys with such values", () => {
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

const nothing: Document = { tree: {}, errors: [], warnings: [], location: () => undefined };

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

/** The configuration, or that there is none. */
function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof ConfigErrors) return "refused";
    throw error;
  }
}
