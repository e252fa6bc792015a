import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ConfigErrors, loadConfig, parseConfig, shortToml } from "../../../../src/app/config/index.ts";
import { UserError } from "../../../../src/base/errors.ts";
import { errorsOf } from "../../../support/config.ts";
import { srsConfVectors } from "../../../vectors/srs-conf.ts";

test.each(srsConfVectors)("$name becomes this server's keys", ({ conf, toml }) => {
  const config = parseConfig(conf, "srs.conf");
  expect(shortToml(config)).toBe(toml);
  expect(parseConfig(toml, "srs.toml")).toEqual(config);
});

const inVhost = (text: string) => `vhost a {\n${text}\n}`;

describe("an error is reported with its file and line, and what to do:", () => {
  test.each([
    ["an unknown directive", "lisen 1935;", 'x.conf:1: lisen: unknown directive; did you mean "listen"?'],
    [
      "one that is like none",
      "foo bar;",
      "x.conf:1: foo: unknown directive of unknown effect; remove it (docs/srs-conf.md lists the known ones)",
    ],
    ["one of a vhost's", "gop_cache on;", "x.conf:1: gop_cache: unknown directive here; it belongs in a vhost"],
    [
      "one of the root's",
      inVhost("listen 1;"),
      "x.conf:2: listen: unknown directive here; it belongs at the top of the file",
    ],
    [
      "a wrong value",
      "max_connections\n many;",
      'x.conf:1: max_connections: must be a whole number from 1 to 1000000, not "many"',
    ],
    ["a flag that is neither", inVhost("gop_cache yes;"), 'x.conf:2: gop_cache: must be true or false, not "yes"'],
    [
      "an item on a line of its own",
      inVhost("forward b\n c:99999;"),
      'x.conf:3: forward: "c:99999": "99999" is not a port, 1 to 65535',
    ],
    [
      "a value too many",
      inVhost("queue_length 1 2;"),
      "x.conf:2: queue_length: takes one value, not 2; is a semicolon missing?",
    ],
    ["no value", "listen;", "x.conf:1: listen: has no value"],
    ["a block for a value", "listen { }", "x.conf:1: listen: takes a value, not a block"],
    ["a vhost in a vhost", "vhost a { vhost b { } }", "x.conf:1: vhost: takes a value, not a block"],
    ["a value for a block", inVhost("play on;"), "x.conf:2: play: must be a block, play { … }"],
    ["a vhost without a name", "vhost { }", "x.conf:1: vhost: must be a block, vhost NAME { … }"],
    ["a vhost without a block", "vhost a;", "x.conf:1: vhost: must be a block, vhost NAME { … }"],
    [
      "an impossible vhost",
      'vhost "a b" { }',
      "x.conf:1: vhost: a vhost is a host name or an address: letters, digits, and . _ : -",
    ],
    [
      "a missing semicolon",
      "listen 1935\nmax_connections 1;",
      'x.conf:1: listen: a semicolon is missing before "max_connections" on line 2',
    ],
    ["no semicolon at the end", "listen 1935", 'x.conf:1: "listen" ends without a semicolon'],
    ["no semicolon before a brace", inVhost("gop_cache on"), 'x.conf:2: "gop_cache" ends without a semicolon'],
    ["a block without its end", "vhost a {\n\n", 'x.conf:1: the block "vhost" has no closing brace'],
    ["a brace too many", "listen 1;\n}", "x.conf:2: an unmatched closing brace"],
    ["a block without a name", "{ }", "x.conf:1: a block has no name"],
    ["a quote without its end", 'listen "1935;\n', 'x.conf:1: an unmatched quote, "'],
    ["a word at a quote", "listen '1'2;", "x.conf:1: a space or a semicolon is missing after the closing '"],
    ["blocks without end", "a{".repeat(20), "x.conf:1: blocks nested more than 16 deep"],
    [
      "a directive twice that the newest SRS has elsewhere",
      "listen 1;\nlisten 2;",
      "x.conf:2: listen: stands already at x.conf:1; keep one of them",
    ],
    ["a vhost twice", "vhost a {}\nvhost a {}", "x.conf:2: vhost: stands already at x.conf:1; keep one of them"],
    [
      "one thing by two names",
      inVhost("gop_cache on;\nplay { gop_cache off; }"),
      "x.conf:3: gop_cache: stands already at x.conf:2; keep one of them",
    ],
    [
      "the old and the new place of one thing, once more",
      "listen 1;\nrtmp { listen 2; }",
      "x.conf:2: listen: stands already at x.conf:1; keep one of them",
    ],
    [
      "an unknown log level",
      "srs_log_level loud;",
      'x.conf:1: srs_log_level: must be verbose, info, trace, warn, error, not "loud"',
    ],
    [
      "a feature that must not be missing",
      inVhost("dvr { enabled on; }"),
      "x.conf:2: dvr: this server has no DVR, so nothing would be recorded; remove it, or start without it: --ignore dvr",
    ],
    [
      "a hook's URL that is none",
      inVhost("http_hooks { enabled on; on_play a:80/x; }"),
      'x.conf:2: on_play: "a:80/x": must begin with http:// or https:// and the back end\'s host',
    ],
    [
      "a switch that is neither",
      inVhost("security { enabled yes; deny publish all; }"),
      'x.conf:2: security: enabled must be on or off, not "yes"',
    ],
    [
      "a file of nginx's",
      "worker_processes 1;\nevents { }\nhttp { server { listen 80; } }",
      "x.conf:1: worker_processes: this is a configuration of nginx's; SRS has no such directive",
    ],
    [
      "a file of nginx's with its RTMP module",
      "rtmp {\n server {\n listen 1935;\n application live { live on; }\n}\n}",
      "x.conf:1: rtmp: this is a configuration of nginx's; SRS has no such directive",
    ],
    [
      "an edge without an origin",
      inVhost("mode remote;"),
      "x.conf:2: mode: an edge needs an origin; write origin and its servers beside it",
    ],
    ["an edge of no kind", inVhost("mode both;"), 'x.conf:2: mode: must be local or remote, not "both"'],
    [
      "an edge by another protocol",
      inVhost("cluster { mode remote; origin b; protocol rtsp; }"),
      'x.conf:2: protocol: must be rtmp, flv or flvs, not "rtsp"',
    ],
    [
      "a wrong origin",
      inVhost("mode remote;\norigin b\nc:x;"),
      'x.conf:4: origin: "c:x": "x" is not a port, 1 to 65535',
    ],
    [
      "a wrong address",
      inVhost("security { enabled on;\nallow play all;\nallow play x; }"),
      'x.conf:4: allow: "x" is not an IP address or a network such as 10.0.0.0/8',
    ],
    [
      "an address too many",
      inVhost("security { enabled on; allow play 10.0.0.1 10.0.0.2; }"),
      "x.conf:2: allow: takes an action and one address, as in allow play 10.0.0.0/8",
    ],
    ["no RTMP", "rtmp { enabled off; }", "x.conf:1: enabled: RTMP is what this server is for; write on or remove it"],
  ])("%s", (_, text, message) => {
    expect(problems(text)).toEqual([message]);
  });

  test("and all errors are reported at once, in the order of the file", () => {
    const text = "listen x;\nfoo on;\nvhost a {\n  gop_cache maybe;\n  dvr { enabled on; }\n}\nmax_connections 0;\n";
    expect(problems(text).map((line) => line.split(": ", 2).join(" "))).toEqual([
      "x.conf:1 listen",
      "x.conf:2 foo",
      "x.conf:4 gop_cache",
      "x.conf:5 dvr",
      "x.conf:7 max_connections",
    ]);
  });
});

describe("no message shows what may be a key:", () => {
  const secret = "c0rrect-Horse-battery";
  test.each([
    ["a line that is no directive", `${secret}\n`],
    ["a name", `${secret} on;`],
    ["a block's name", `${secret} {`],
    ["what stands behind an unmatched quote", `listen "1935;\nkey ${secret};\nlog "x";`],
    ["what stands before an end", inVhost(`forward ${secret}`)],
  ])("%s", (_, text) => {
    expect(problems(text).length).toBeGreaterThan(0);
    expect(problems(text).join()).not.toContain(secret);
  });
});

test("if a directive is written twice, the first one counts, as in SRS, and the second is reported", () => {
  withFolder((write) => {
    const conf = write(
      "srs.conf",
      "max_connections 1;\nmax_connections 2;\nvhost a { play { gop_cache off; }\n play { queue_length 3; } }",
    );
    const { config, warnings } = loadConfig(conf);
    expect(config.max_connections).toBe(1);
    expect(config.vhost.get("a")).toMatchObject({ gop_cache: false, queue_length: 30 });
    expect(warnings).toEqual([
      `${conf}:2: max_connections: left out: it stands already at ${conf}:1, and the first counts, as in SRS`,
      `${conf}:4: play: left out: it stands already at ${conf}:3, and the first counts, as in SRS`,
    ]);
  });
});

test("a directive without effect is reported once, with its place and its number of uses", () => {
  withFolder((write) => {
    const conf = write("srs.conf", `daemon on;\n\n${inVhost("mw_msgs 8;")}\nvhost b {\n mw_msgs 8; }`);
    const { warnings } = loadConfig(conf);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toStartWith(`${conf}:1: daemon: ignored: this server stays in the foreground`);
    expect(warnings[1]).toMatch(/srs\.conf:4: mw_msgs: ignored: .* \(and line 7\)$/);
  });
});

test("directives of HTTP streams that can't hold for all viewers are reported, with what to do", () => {
  withFolder((write) => {
    const remux = (text: string) => inVhost(`http_remux { enabled on; ${text} }`);
    const told = (text: string) =>
      loadConfig(write("srs.conf", remux(text))).warnings.map((line) => line.split(": ")[2]);
    expect(told("has_audio on; has_video on; hstrs on; mount /[app]/[stream].flv;")).toEqual([]);
    expect(told("has_audio off; has_video off; guess_has_av on; mount /x/[stream].flv;")).toEqual([
      "ignored",
      "ignored",
      "ignored",
      "ignored",
    ]);
  });
});

test("a block that is switched off and would have no effect is not reported", () => {
  withFolder((write) => {
    expect(loadConfig(write("srs.conf", inVhost("mr { enabled off; latency 500; }"))).warnings).toEqual([]);
    expect(loadConfig(write("srs.conf", inVhost("mr { enabled on; latency 500; }"))).warnings).toHaveLength(1);
  });
});

test("a block that SRS would treat as switched off is reported", () => {
  withFolder((write) => {
    const conf = write("srs.conf", inVhost("forward { destination b; }"));
    const { config, warnings } = loadConfig(conf);
    expect(config.vhost.get("a")?.forward).toEqual([]);
    expect(warnings).toEqual([`${conf}:2: forward: switched off, as SRS does with a block that has no "enabled on;"`]);
  });
});

test("each value's place is known", () => {
  withFolder((write) => {
    const conf = write("srs.conf", "listen 1936;\nvhost a {\n forward b\n c;\n}");
    const { origin } = loadConfig(conf);
    expect(origin(["listen"])).toBe(`${conf}:1`);
    expect(origin(["vhost", "a", "forward"])).toBe(`${conf}:3`);
    expect(origin(["vhost", "a", "forward", 1])).toBe(`${conf}:4`);
  });
});

describe("include", () => {
  test("reads files from the folder of the including file, at the top and in a block", () => {
    withFolder((write) => {
      write("more.conf", "max_connections 5;");
      write("vhost.conf", "gop_cache off;\nforward b;");
      const conf = write("srs.conf", "include ./more.conf;\nvhost a { include vhost.conf; }");
      const { config, origin } = loadConfig(conf);
      expect(config.max_connections).toBe(5);
      expect(config.vhost.get("a")).toMatchObject({ gop_cache: false, forward: [{ host: "b" }] });
      expect(origin(["vhost", "a", "forward"])).toEndWith("/vhost.conf:2");
    });
  });

  test("reads a file from the including file's folder, and from the working directory only if it is not there", () => {
    const files: Record<string, string> = { "/etc/srs/more.conf": "max_connections 5;", "more.conf": "listen 1;" };
    const read = (path: string) => {
      const text = files[path];
      if (text === undefined) throw new UserError(`cannot read ${path}: no such file`);
      return text;
    };
    const conf = "include more.conf;";
    expect(parseConfig(conf, "/etc/srs/srs.conf", read).max_connections).toBe(5);
    expect(parseConfig(conf, "/opt/srs.conf", read).listen).toMatchObject([{ port: 1 }]);
    const refused = (path: string) => {
      throw new UserError(`cannot read ${path}: permission denied`);
    };
    expect(() => parseConfig(conf, "/etc/srs/srs.conf", refused)).toThrow("/etc/srs/more.conf: permission denied");
  });

  test("shows nothing of the lines of a file that is no configuration", () => {
    const lines = [
      "root:$y$j9T$salt$hash:19000:0:99999:7:::",
      "KEY=sec ret;",
      "-----BEGIN KEY-----",
      "MIGHAgEAMBMG;",
      "{ x",
    ];
    for (const text of [...lines, lines.join("\n"), lines.toReversed().join("\n"), lines.join(";\n")]) {
      const said = problems("include secret.conf;\nlisten 1935;", () => text).join("\n");
      expect(said).toInclude("secret.conf:");
      expect(said.replaceAll("secret.conf", "")).not.toMatch(/hash|salt|sec|ret\b|BEGIN|MIGH/i);
    }
  });

  test("reports errors with the included file's name", () => {
    withFolder((write) => {
      const more = write("more.conf", "\nmax_connections x;");
      const conf = write("srs.conf", "include more.conf;");
      expect(() => loadConfig(conf)).toThrow(`${more}:2: max_connections: must be a whole number`);
      write("more.conf", "listen 1\n");
      expect(() => loadConfig(conf)).toThrow(`${more}:1: "listen" ends without a semicolon`);
    });
  });

  test.each([
    ["include;", "write include and the names of files"],
    ["include none.conf;", "no such file"],
    ["include loop.conf;", "includes itself, by way of"],
    ["include deep.conf/../many.conf;", "more than 64 files in all"],
  ])("%s is refused at its line", (text, reason) => {
    withFolder((write) => {
      write("loop.conf", "include loop.conf;");
      write("empty.conf", "");
      const many = write("many.conf", "include empty.conf;\n".repeat(70));
      const conf = write("srs.conf", `\n${text.replace("deep.conf/../many.conf", many)}`);
      expect(() => loadConfig(conf)).toThrow(ConfigErrors);
      expect(() => loadConfig(conf)).toThrow(/^\S+:\d+: include: /);
      expect(() => loadConfig(conf)).toThrow(reason);
    });
  });
});

test("quotes, comments and line breaks make no difference to what a file says", () => {
  const words = srsConfVectors.map(({ conf }) => conf).filter((conf) => !/["'#]/.test(conf));
  const noise = fc.constantFrom(" ", "\n", "\r\n", "\t", " # a { comment; \n", "  ");
  const quoted = fc.constantFrom("", "'", '"');
  fc.assert(
    fc.property(
      fc.constantFrom(...words),
      fc.infiniteStream(noise),
      fc.infiniteStream(quoted),
      (conf, spaces, quotes) => {
        const noisy = conf.replace(/\s+|[;{}]|[^\s;{}]+/g, (part) => {
          if (/^\s/.test(part)) return spaces.next().value;
          const quote = /^[;{}]/.test(part) ? "" : quotes.next().value;
          return `${quote}${part}${quote}`;
        });
        expect(parseConfig(noisy, "srs.conf")).toEqual(parseConfig(conf, "srs.conf"));
      },
    ),
    { numRuns: 150 },
  );
});

function problems(text: string, read?: (path: string) => string): readonly string[] {
  return errorsOf(() => parseConfig(text, "x.conf", read));
}

function withFolder(use: (write: (name: string, text: string) => string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "srs-conf-"));
  try {
    use((name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
